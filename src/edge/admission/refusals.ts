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

export function noCandidate(app: AppName, why: Extract<Choice, { kind: 'none' }>['why']): Refusal {
  switch (why) {
    case 'no-machine':
      return refusal(app, 503, 'PR04', `app ${app} has no machine that this request may use`, 5)
    case 'not-startable':
      return refusal(app, 503, 'PM08', `all machines of app ${app} are stopped, and autostart is off`, 5)
    case 'wake-failed':
      return refusal(app, 503, 'PM07', `the machines of app ${app} do not start; \`kante logs -a ${app}\` says why`, 2)
  }
}
export const tooManyWaiters = (app: AppName, limit: number): Refusal =>
  refusal(app, 503, 'PR03', `${limit} requests are waiting for app ${app} already`, 2)

export type HoldReason = 'full' | 'unhealthy' | 'arriving' | 'waking' | 'refused' | 'unreachable'
/** The deadline of a held request has passed. */
export function heldTooLong(app: AppName, why: HoldReason, afterMs: number): Refusal {
  const after = `within ${afterMs / 1000} s`
  switch (why) {
    case 'full':
      return refusal(app, 503, 'PR03', `every machine of app ${app} was at its hard limit, none had a place ${after}`, 2)
    case 'unhealthy':
      return refusal(app, 503, 'PR03', `no machine of app ${app} passed its health checks ${after}; \`kante checks list -a ${app}\` says why`, 5)
    case 'arriving':
      return refusal(app, 503, 'PR03', `no machine of app ${app} was started ${after}`, 5)
    case 'waking':
      return refusal(app, 503, 'PM03', `no machine of app ${app} woke ${after}`, 5)
    case 'refused':
      return refusal(app, 502, 'PC01', `the machines of app ${app} refuse connections`)
    case 'unreachable':
      return refusal(app, 503, 'PM05', `the host of a stopped machine of app ${app} could not be reached ${after}`, 5)
  }
}

/** Why a wake has failed for good: `timeout` its deadline, `refused` the host says no, `unreachable` nobody answered, `failed` all else. */
export interface WakeFailure {
  readonly kind: 'timeout' | 'refused' | 'unreachable' | 'failed'
  readonly message: string
}
export function wakeFailed(app: AppName, failure: WakeFailure): Refusal {
  const code = { timeout: 'PM03', refused: 'PM08', unreachable: 'PM05', failed: 'PM07' }[failure.kind]
  return refusal(app, 503, code, failure.message, failure.kind === 'refused' ? 2 : 5)
}

export type ConnectFailure = 'refused' | 'reset' | 'timeout'
export function connectFailed(app: AppName, reason: ConnectFailure, port: number): Refusal {
  switch (reason) {
    case 'refused':
      return refusal(app, 502, 'PC01', `the app refuses connections on port ${port}; does it listen on 0.0.0.0:${port}?`)
    case 'reset':
      return refusal(app, 502, 'PC03', `the app closed the connection on port ${port} without an answer`)
    case 'timeout':
      return refusal(app, 504, 'PC05', `connecting to the app on port ${port} timed out`)
  }
}
