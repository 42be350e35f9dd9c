export const CR = 13
export const LF = 10
export const HTAB = 9
export const SP = 32
export const COLON = 58
export const COMMA = 44

const table = (of: (octet: number) => number): Uint8Array => Uint8Array.from({ length: 256 }, (_, octet) => of(octet))
const isDigit = (octet: number) => octet >= 48 && octet <= 57
const isUpper = (octet: number) => octet >= 65 && octet <= 90
const isLower = (octet: number) => octet >= 97 && octet <= 122
const isToken = (octet: number) => isDigit(octet) || isUpper(octet) || isLower(octet) || "!#$%&'*+-.^_`|~".includes(String.fromCharCode(octet))

/**
 * Token characters (RFC 9110 §5.6.2) in the form in which field names are compared; 0 for all others. Lower case, and `_` as `-`:
 * CGI-style apps read both as one name, so `fly_client_ip` must not pass where `fly-client-ip` does not.
 */
export const foldedToken = table((octet) => {
  if (!isToken(octet)) return 0
  if (isUpper(octet)) return octet + 32
  return octet === 95 ? 45 : octet
})
/** 1 for what a field value may hold: HTAB, SP, visible ASCII, obs-text (RFC 9110 §5.5). */
export const valueOctet = table((octet) => (octet === HTAB || (octet >= SP && octet !== 127) ? 1 : 0))
/** 1 for what a request target may hold: visible ASCII without `#`, `"`, `<`, `>` (RFC 3986; browsers send the other unwise ones raw in queries). */
export const targetOctet = table((octet) => (octet > SP && octet < 127 && !'#"<>'.includes(String.fromCharCode(octet)) ? 1 : 0))

/** Bytes as a string of the same length, one character per byte. */
export const latin1 = (source: Buffer, from: number, to: number): string => source.toString('latin1', from, to)

export const isBlank = (octet: number | undefined): boolean => octet === SP || octet === HTAB

/** Whether the bytes are `lower`, compared without case. */
export function isSameToken(source: Buffer, from: number, to: number, lower: string): boolean {
  if (to - from !== lower.length) return false
  for (let i = 0; i < lower.length; i++) {
    const octet = source[from + i] ?? 0
    if ((octet >= 65 && octet <= 90 ? octet + 32 : octet) !== lower.charCodeAt(i)) return false
  }
  return true
}

/** `1*DIGIT` up to 2^53 − 1, else −1. */
export function parseDecimal(source: Buffer, from: number, to: number): number {
  if (from >= to) return -1
  let value = 0
  for (let i = from; i < to; i++) {
    const digit = (source[i] ?? 0) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
    if (value > Number.MAX_SAFE_INTEGER) return -1
  }
  return value
}

/** Calls for each element of a comma list, blanks trimmed, empty elements left out (RFC 9110 §5.6.1.2). */
export function eachElement(source: Buffer, from: number, to: number, call: (from: number, to: number) => void): void {
  let start = from
  for (let i = from; i <= to; i++) {
    if (i < to && source[i] !== COMMA) continue
    let first = start
    let last = i
    while (first < last && isBlank(source[first])) first++
    while (last > first && isBlank(source[last - 1])) last--
    if (last > first) call(first, last)
    start = i + 1
  }
}
