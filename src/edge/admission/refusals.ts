import type { AppName } from '../../model/ids.ts'
import type { Refusal } from '../contract.ts'
import type { Choice } from '../routing/choose.ts'

/** What clients read and what the app's log says, with Fly.io's codes (platform-semantics §1.4). */
const refusal = (app: AppName, status: Refusal['status'], code: string, message: string, retryAfterS?: number): Refusal => ({
  kind: 'refuse',
  status,
  code,
  app,
  message,
  ...(retryAfterS === undefined ? {} : { retryAfterS }),
})

export const unknownHost = (hostname: string, domain: string): Refusal => ({
  kind: 'refuse',
  status: 404,
  code: '',
  message: `no app answers to ${JSON.stringify(hostname.slice(0, 253))}; an app answers at <app>.${domain}, \`kante apps list\` names them`,
})
export const noService = (app: AppName, port: number): Refusal =>
  refusal(app, 503, 'PR04', `no machine of app ${app} has a service on port ${port}; \`kante status -a ${app}\` shows its machines`)

const noCandidateTexts = {
  'no-machine': ['PR04', (app: AppName) => `app ${app} has no machine that this request may use`],
  'not-startable': ['PM08', (app: AppName) => `all machines of app ${app} are stopped, and autostart is off`],
  'wake-failed': ['PM07', (app: AppName) => `the machines of app ${app} do not start; \`kante logs -a ${app}\` says why`],
} as const
export function noCandidate(app: AppName, why: Extract<Choice, { kind: 'none' }>['why']): Refusal {
  const [code, message] = noCandidateTexts[why]
  return refusal(app, 503, code, message(app), why === 'wake-failed' ? 2 : 5)
}
export const tooManyWaiters = (app: AppName, limit: number): Refusal =>
  refusal(app, 503, 'PR03', `${limit} requests are waiting for app ${app} already`, 2)

const heldTexts = {
  full: [503, 'PR03', 'every machine was at its hard limit, none had a place'],
  unhealthy: [503, 'PR03', 'no machine passed its health checks (`kante checks list` says why)'],
  arriving: [503, 'PR03', 'no machine was started'],
  waking: [503, 'PM03', 'no machine woke'],
  refused: [502, 'PC01', 'no machine accepted a connection'],
} as const
export type HoldReason = keyof typeof heldTexts
/** The deadline of a held request has passed. */
export function heldTooLong(app: AppName, why: HoldReason, afterMs: number): Refusal {
  const [status, code, message] = heldTexts[why]
  return refusal(app, status, code, `app ${app}: ${message} within ${afterMs / 1000} s`, 5)
}

/**
 * Why a wake has failed for good: `timeout` its deadline, `not-listening` the machine runs and its port does not accept, `refused` the host says no,
 * `unreachable` nobody answered, `failed` all else.
 */
export interface WakeFailure {
  readonly kind: 'timeout' | 'not-listening' | 'refused' | 'unreachable' | 'failed'
  readonly message: string
}
export function wakeFailed(app: AppName, failure: WakeFailure): Refusal {
  if (failure.kind === 'not-listening') return refusal(app, 502, 'PC01', failure.message)
  const code = { timeout: 'PM03', refused: 'PM08', unreachable: 'PM05', failed: 'PM07' }[failure.kind]
  return refusal(app, 503, code, failure.message, failure.kind === 'refused' ? 2 : 5)
}

const connectTexts = {
  refused: [502, 'PC01', (port: number) => `the app refuses connections on port ${port}; does it listen on 0.0.0.0:${port}?`],
  reset: [502, 'PC03', (port: number) => `the app closed the connection on port ${port} without an answer`],
  timeout: [504, 'PC05', (port: number) => `connecting to the app on port ${port} timed out`],
} as const
export type ConnectFailure = keyof typeof connectTexts
export function connectFailed(app: AppName, reason: ConnectFailure, port: number): Refusal {
  const [status, code, message] = connectTexts[reason]
  return refusal(app, status, code, message(port))
}
