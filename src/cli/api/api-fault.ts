import { Fault, type FaultCode } from '../../model/fault/fault.ts'
import type { FaultKind } from '../../model/fault/kind.ts'
import type { FaultBody } from '../../protocol/fault-mapping.ts'

/** A fault as the platform reported it; its code may be one that this version does not know. */
export class ApiFault extends Fault {
  readonly requestId: string | undefined
  readonly httpStatus: number
  constructor(body: { readonly [Key in keyof FaultBody]: FaultBody[Key] | undefined }, httpStatus: number) {
    super((body.status ?? 'internal') as FaultCode, body.kind ?? kindOfStatus(httpStatus), body.error ?? `HTTP ${httpStatus}`, body.hint, body)
    this.requestId = body.request_id
    this.httpStatus = httpStatus
  }
}

/** Reads an answer that is no success. Proxies between may answer something else than our JSON. */
export function apiFault(httpStatus: number, text: string, requestId: string | undefined): ApiFault {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  const body = typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {}
  const word = (name: string) => (typeof body[name] === 'string' ? body[name] : undefined)
  return new ApiFault(
    {
      error: word('error') ?? `the platform answered HTTP ${httpStatus}${text.length > 0 ? `: ${text.slice(0, 200)}` : ''}`,
      status: word('status'),
      kind: kinds.find((kind) => kind === body['kind']),
      hint: word('hint'),
      request_id: word('request_id') ?? requestId,
    },
    httpStatus,
  )
}

const kinds: readonly FaultKind[] = [
  'invalid',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'precondition',
  'limit',
  'unavailable',
  'timeout',
  'internal',
]
function kindOfStatus(status: number): FaultKind {
  switch (status) {
    case 400:
      return 'invalid'
    case 401:
      return 'unauthenticated'
    case 403:
      return 'forbidden'
    case 404:
      return 'not_found'
    case 408:
    case 504:
      return 'timeout'
    case 409:
      return 'conflict'
    case 412:
      return 'precondition'
    case 422:
    case 429:
      return 'limit'
    case 502:
    case 503:
      return 'unavailable'
    default:
      return 'internal'
  }
}
