import type { FieldLines } from './field-lines.ts'
import { Field } from './field-names.ts'
import { eachElement, isSameToken, latin1 } from './octets.ts'

/** What the Connection fields of a message say (RFC 9110 §7.6.1). */
export class ConnectionOptions {
  close = false
  keepAlive = false
  upgrade = false
  /** Lower-case names of fields that belong to this hop; undefined in nearly every message. */
  nominated: string[] | undefined

  clear(): void {
    this.close = false
    this.keepAlive = false
    this.upgrade = false
    this.nominated = undefined
  }

  add(source: Buffer, from: number, to: number): void {
    if (isSameToken(source, from, to, 'keep-alive')) this.keepAlive = true
    else if (isSameToken(source, from, to, 'close')) this.close = true
    else if (isSameToken(source, from, to, 'upgrade')) this.upgrade = true
    else
      eachElement(source, from, to, (start, end) => {
        const option = latin1(source, start, end).toLowerCase()
        if (option === 'close') this.close = true
        else if (option === 'keep-alive') this.keepAlive = true
        else if (option === 'upgrade') this.upgrade = true
        else (this.nominated ??= []).push(option)
      })
  }

  /** Drops the nominated fields. Those that the edge itself reads (host, framing) are regenerated and cannot be nominated away. */
  dropNominated(source: Buffer, lines: FieldLines): void {
    if (this.nominated === undefined) return
    for (let line = 0; line < lines.count; line++) {
      const field = lines.field(line)
      if (field !== Field.other && field !== Field.date && field !== Field.server) continue
      if (this.nominated.includes(latin1(source, lines.nameStart(line), lines.nameEnd(line)).toLowerCase())) lines.drop(line)
    }
  }
}
