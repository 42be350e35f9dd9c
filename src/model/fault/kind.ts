/** Ten kinds; HTTP statuses, exit codes and retries hang on the kind, never on the code (protocol/fault-mapping). */
export type FaultKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'precondition'
  | 'limit'
  | 'unavailable'
  | 'timeout'
  | 'internal'

/** One code's text. `message` is a sentence without a full stop at a fixed place; `hint` says what to do. */
export interface FaultEntry<Detail extends object> {
  readonly kind: FaultKind
  readonly message: (detail: Detail) => string
  readonly hint?: (detail: Detail) => string
}
export const entry = <Detail extends object>(kind: FaultKind, message: (d: Detail) => string, hint?: (d: Detail) => string): FaultEntry<Detail> =>
  hint ? { kind, message, hint } : { kind, message }
