/** 1 for what a reg-name or IPv4 address may hold here: letters, digits, `.`, `-`, `_`. Percent-encoding and sub-delimiters name no host that exists. */
const hostOctet = Uint8Array.from({ length: 256 }, (_, octet) => (/[A-Za-z0-9._-]/.test(String.fromCharCode(octet)) ? 1 : 0))

/** Whether the bytes are `uri-host [ ":" port ]` without user info (RFC 9110 §7.2). */
export function isValidAuthority(source: Buffer, from: number, to: number): boolean {
  if (from >= to || to - from > 262) return false
  let at = from
  if (source[at] === 91) {
    const close = source.indexOf(93, at)
    if (close < 0 || close >= to || close - at < 3) return false
    for (let i = at + 1; i < close; i++) if (!isAddressOctet(source[i] as number)) return false
    at = close + 1
  } else {
    while (at < to && hostOctet[source[at] as number] === 1) at++
    if (at === from) return false
  }
  if (at === to) return true
  if (source[at] !== 58 || to - at > 6 || to - at < 2) return false
  let port = 0
  for (let i = at + 1; i < to; i++) {
    const digit = (source[i] as number) - 48
    if (digit < 0 || digit > 9) return false
    port = port * 10 + digit
  }
  return port > 0 && port < 65_536
}

const isAddressOctet = (octet: number): boolean =>
  (octet >= 48 && octet <= 58) || octet === 46 || (octet >= 65 && octet <= 70) || (octet >= 97 && octet <= 102)

/** The host name of a valid authority: without port and one trailing dot, lower case. */
export function hostnameOf(authority: string): string {
  const colon = authority.charCodeAt(0) === 91 ? authority.indexOf(':', authority.indexOf(']')) : authority.indexOf(':')
  let host = colon < 0 ? authority : authority.slice(0, colon)
  if (host.endsWith('.')) host = host.slice(0, -1)
  return host.toLowerCase()
}
