import { isFault, type Fault } from '../model/fault/fault.ts'
import type { FaultKind } from '../model/fault/kind.ts'

/** Kind → HTTP status, the only such table. 412 and 422 are where Fly.io's API uses them (flyctl-contract §3.1). */
const statusOfKind: Readonly<Record<FaultKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition: 412,
  limit: 422,
  unavailable: 503,
  timeout: 408,
  internal: 500,
}
/** Codes whose status Fly.io's clients rely on. */
const statusOfCode: Readonly<Record<string, number>> = { name_taken: 422, machine_state: 412, body_too_large: 413 }
export const httpStatusOfCode = (code: string, kind: FaultKind): number => statusOfCode[code] ?? statusOfKind[kind]
export const httpStatusOf = (error: Fault): number => httpStatusOfCode(error.code, error.kind)

/** Kind → exit code of the CLI: 1 as flyctl for what the platform says, 2 for what was typed wrong. */
const exitCodes: Readonly<Record<FaultKind, number>> = {
  invalid: 2,
  unauthenticated: 1,
  forbidden: 1,
  not_found: 1,
  conflict: 1,
  precondition: 1,
  limit: 1,
  unavailable: 1,
  timeout: 1,
  internal: 1,
}
export const exitCodeOfKind = (kind: FaultKind): number => exitCodes[kind]
export const exitCodeOf = (error: unknown): number => (isFault(error) ? exitCodeOfKind(error.kind) : 1)
export const mayRetry = (kind: FaultKind): boolean => kind === 'unavailable'

/** Fly.io's body: `error` is the sentence, `status` the code (fly-go reads these two). */
export interface FaultBody {
  readonly error: string
  readonly status: string
  readonly kind?: FaultKind
  readonly hint?: string
  readonly request_id?: string
}
export const faultBody = (error: Fault, requestId?: string): FaultBody => ({
  error: error.message,
  status: error.code,
  kind: error.kind,
  ...(error.hint === undefined ? {} : { hint: error.hint }),
  ...(requestId === undefined ? {} : { request_id: requestId }),
})
