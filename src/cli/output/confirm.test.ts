import { strict as assert } from 'node:assert'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { isFault } from '../../model/fault/fault.ts'
import type { CliContext } from '../context.ts'
import { confirmDestroying } from './confirm.ts'
import { Interrupted } from './report-error.ts'

/** A terminal in which `typed` is typed as soon as the question stands there; undefined closes it (Ctrl-D). */
function terminal(typed: string | undefined): CliContext {
  const stdin = new PassThrough()
  const write = (text: string) => {
    if (!text.includes('Go on?')) return
    if (typed === undefined) stdin.end()
    else stdin.write(typed)
  }
  return {
    stdin,
    stderr: { write, isTty: true, columns: 80 },
    isInteractive: true,
    isJson: false,
    signal: new AbortController().signal,
  } as unknown as CliContext
}
const ask = (typed: string | undefined) => confirmDestroying(terminal(typed), false, 'This destroys it')

test('y and yes go on, everything else does not', async () => {
  for (const yes of ['y\r', 'YES\r']) await ask(yes)
  for (const no of ['n\r', '\r', 'yep\r', undefined]) await assert.rejects(ask(no), (error) => isFault(error, 'needs_confirmation'))
})

test('Ctrl-C at the question is an interrupt, no bug', async () => {
  await assert.rejects(ask('\u0003'), Interrupted)
})

test('--yes asks nothing; without a terminal nothing is asked', async () => {
  await confirmDestroying(terminal('n\r'), true, 'This destroys it')
  await assert.rejects(confirmDestroying({ ...terminal('y\r'), isInteractive: false }, false, 'This destroys it'), (error) =>
    isFault(error, 'needs_confirmation'),
  )
})
