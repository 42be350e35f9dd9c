import { Field, hashStep, identifyField } from './field-names.ts'
import { HeadFault, incomplete } from './head-fault.ts'
import { COLON, CR, foldedToken, isBlank, latin1, LF, valueOctet } from './octets.ts'

export const maxHeadBytes = 65_536
export const maxFieldLines = 200
const stride = 4

/** Where the lines of one head (or trailer) lie in their buffer. Reused for the next head: read it before the next scan. */
export class FieldLines {
  count = 0
  readonly #offsets = new Int32Array(stride * maxFieldLines)
  readonly #fields = new Uint8Array(maxFieldLines)

  /**
   * Scans field lines up to and with the empty line. Returns the position after it, `incomplete`, or a HeadFault.
   * Judges only complete lines, so the verdict does not depend on how the bytes were split (RFC 9112 §5).
   */
  scan(source: Buffer, from: number, to: number): number {
    let at = from
    let count = 0
    for (;;) {
      if (at >= to) return incomplete
      const lineStart = at
      let hash = 0
      let folded = 0
      while (at < to && (folded = foldedToken[source[at] as number] as number) !== 0) {
        hash = hashStep(hash, folded)
        at++
      }
      if (at >= to) return incomplete
      if (source[at] !== COLON || at === lineStart) {
        if (at !== lineStart || source[at] !== CR) return whenComplete(nameFault(source, lineStart, at), source, at, to)
        if (at + 1 >= to) return incomplete
        if (source[at + 1] !== LF) return whenComplete(HeadFault.bareCarriageReturn, source, at + 1, to)
        this.count = count
        return at + 2
      }
      if (count === maxFieldLines) return whenComplete(HeadFault.tooManyLines, source, at, to)
      const nameEnd = at++
      while (at < to && isBlank(source[at])) at++
      const valueStart = at
      while (at < to && valueOctet[source[at] as number] === 1) at++
      if (at + 1 >= to) return at < to && source[at] === LF ? HeadFault.bareLineFeed : incomplete
      if (source[at] !== CR) return whenComplete(source[at] === LF ? HeadFault.bareLineFeed : HeadFault.value, source, at, to)
      if (source[at + 1] !== LF) return whenComplete(HeadFault.bareCarriageReturn, source, at + 1, to)
      let valueEnd = at
      while (valueEnd > valueStart && isBlank(source[valueEnd - 1])) valueEnd--
      const slot = count * stride
      this.#offsets[slot] = lineStart
      this.#offsets[slot + 1] = nameEnd
      this.#offsets[slot + 2] = valueStart
      this.#offsets[slot + 3] = valueEnd
      this.#fields[count++] = identifyField(hash, source, lineStart, nameEnd)
      at += 2
    }
  }

  field(line: number): Field {
    return this.#fields[line] as Field
  }
  nameStart(line: number): number {
    return this.#offsets[line * stride] as number
  }
  nameEnd(line: number): number {
    return this.#offsets[line * stride + 1] as number
  }
  valueStart(line: number): number {
    return this.#offsets[line * stride + 2] as number
  }
  valueEnd(line: number): number {
    return this.#offsets[line * stride + 3] as number
  }
  /** Marks a line so that `kept` leaves it out. */
  drop(line: number): void {
    this.#fields[line] = Field.dropped
  }

  /** The bytes from `from` to the empty line without the lines whose field is in `dropped`: few slices, no line is rebuilt. `end` is the position after the empty line. */
  kept(source: Buffer, from: number, end: number, dropped: Uint8Array): string {
    let text = ''
    let runStart = from
    for (let line = 0; line < this.count; line++) {
      if (dropped[this.#fields[line] as number] === 0) continue
      const lineStart = this.#offsets[line * stride] as number
      if (lineStart > runStart) text += latin1(source, runStart, lineStart)
      runStart = line + 1 < this.count ? (this.#offsets[(line + 1) * stride] as number) : end - 2
    }
    return runStart < end - 2 ? text + latin1(source, runStart, end - 2) : text
  }
}

/** A set of fields as `kept` takes it; dropped lines are in every set. */
export function fieldSet(...fields: readonly Field[]): Uint8Array {
  const set = new Uint8Array(32)
  set[Field.dropped] = 1
  for (const field of fields) set[field] = 1
  return set
}

/** A fault counts once its line is complete; before that more bytes are awaited. */
export const whenComplete = (fault: number, source: Buffer, at: number, to: number): number => {
  const lineFeed = source.indexOf(LF, at)
  return lineFeed >= 0 && lineFeed < to ? fault : incomplete
}

function nameFault(source: Buffer, lineStart: number, at: number): number {
  const octet = source[at]
  if (octet === LF) return HeadFault.bareLineFeed
  if (at === lineStart) return isBlank(octet) ? HeadFault.folded : octet === COLON ? HeadFault.emptyName : HeadFault.name
  if (octet === CR) return HeadFault.name
  return isBlank(octet) ? HeadFault.spaceBeforeColon : HeadFault.name
}
