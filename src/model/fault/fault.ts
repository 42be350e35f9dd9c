import { catalogue, type Catalogue } from './catalogue.ts'
import type { FaultKind } from './kind.ts'

export type FaultCode = keyof Catalogue
/** What the message of a code needs to know. */
export type FaultDetail<Code extends FaultCode> = Parameters<Catalogue[Code]['message']>[0]

/** The one error that crosses a use case's boundary. Everything else thrown is a bug. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode
  readonly kind: FaultKind
  readonly detail: object
  readonly hint: string | undefined
  constructor(code: FaultCode, kind: FaultKind, message: string, hint: string | undefined, detail: object, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.kind = kind
    this.detail = detail
    this.hint = hint
  }
}

export function fault<Code extends FaultCode>(code: Code, detail: FaultDetail<Code>, cause?: unknown): Fault {
  const entry = catalogue[code] as { kind: FaultKind; message: (d: object) => string; hint?: (d: object) => string }
  const given = detail as object
  return new Fault(code, entry.kind, entry.message(given), entry.hint?.(given), given, cause)
}

export const isFault = (error: unknown, code?: FaultCode): error is Fault => error instanceof Fault && (code === undefined || error.code === code)
