import { isFault } from '../../model/fault/fault.ts'
import { exitCodeOf } from '../../protocol/fault-mapping.ts'
import { UsageError } from '../framework/usage-error.ts'
import type { Style } from './style.ts'

/** Ctrl-C: what a shell reports of a program that SIGINT ended. */
export const interruptedExitCode = 130
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

export interface Report {
  readonly text: string
  readonly exitCode: number
}
/** An error as the user sees it: sentence, hint, request id; the same fields as one line of JSON with --json. */
export function reportError(error: unknown, options: { readonly isJson: boolean; readonly isVerbose: boolean; readonly style: Style }): Report {
  if (error instanceof Interrupted) return { text: '', exitCode: interruptedExitCode }
  const { style } = options
  const known = fieldsOf(error)
  if (options.isJson)
    return {
      text: `${JSON.stringify({ error: known.message, status: known.status, ...(known.hint === undefined ? {} : { hint: known.hint }), ...(known.requestId === undefined ? {} : { request_id: known.requestId }) })}\n`,
      exitCode: known.exitCode,
    }
  const lines = [
    `${style.red('Error:')} ${known.message}`,
    ...(known.hint === undefined ? [] : [`${style.dim('Hint:')}  ${known.hint}`]),
    ...(known.requestId === undefined ? [] : [style.dim(`Request ${known.requestId}`)]),
    ...(options.isVerbose || known.isBug ? [stackOf(error)] : []),
  ]
  return { text: `${lines.join('\n')}\n`, exitCode: known.exitCode }
}

interface Known {
  readonly message: string
  readonly status: string
  readonly hint: string | undefined
  readonly requestId: string | undefined
  readonly exitCode: number
  readonly isBug: boolean
}
function fieldsOf(error: unknown): Known {
  if (error instanceof UsageError)
    return { message: error.message, status: 'usage', hint: error.hint, requestId: undefined, exitCode: 2, isBug: false }
  if (isFault(error)) {
    const requestId = 'requestId' in error && typeof error.requestId === 'string' ? error.requestId : undefined
    return { message: error.message, status: error.code, hint: error.hint, requestId, exitCode: exitCodeOf(error), isBug: false }
  }
  const message = error instanceof Error ? error.message : String(error)
  // What the operating system refuses says enough by itself; anything else is a bug and shows where.
  const isSystem = error instanceof Error && 'syscall' in error
  return { message, status: 'internal', hint: undefined, requestId: undefined, exitCode: 1, isBug: !isSystem }
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
