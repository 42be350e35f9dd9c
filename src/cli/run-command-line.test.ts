import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { fault } from '../model/fault/fault.ts'
import type { CliContext } from './context.ts'
import { rest } from './framework/argument.ts'
import type { CommandTree } from './framework/command-tree.ts'
import { defineCommand } from './framework/define-command.ts'
import { jsonFlag } from './framework/shared-flags.ts'
import { ApiFault } from './api/api-fault.ts'
import { runCommandLine } from './run-command-line.ts'

async function run(argv: readonly string[], act: () => Promise<number | void> = () => Promise.resolve()) {
  const written = { out: '', err: '' }
  let isClosed = false
  const command = defineCommand({ flags: jsonFlag, args: { word: rest('words') }, run: act })
  const tree: CommandTree = { nouns: [], verbs: [{ path: 'act', summary: 'Act', load: () => Promise.resolve(command) }] }
  const code = await runCommandLine(argv, {
    tree,
    env: {},
    stdout: { isTty: false, columns: 100, write: (text) => (written.out += text) },
    stderr: { isTty: false, write: (text) => (written.err += text) },
    openSession: () => ({
      ctx: {} as CliContext,
      close: () => {
        isClosed = true
        return Promise.resolve()
      },
    }),
  })
  return { code, ...written, isClosed }
}

test('a verb’s number is the exit code, nothing is 0, and the session is closed', async () => {
  assert.deepEqual(await run(['act']), { code: 0, out: '', err: '', isClosed: true })
  assert.equal((await run(['act'], () => Promise.resolve(7))).code, 7)
})

test('what the platform refuses exits with 1 and shows sentence, hint and request', async () => {
  const refuse = () =>
    Promise.reject(new ApiFault({ error: 'app not found: x', status: 'app_not_found', kind: 'not_found', hint: 'create it', request_id: 'r1' }, 404))
  const { code, err, isClosed } = await run(['act'], refuse)
  assert.deepEqual([code, isClosed], [1, true])
  assert.equal(err, 'Error: app not found: x\nHint:  create it\nRequest r1\n')
})

test('with --json the same fields are one line of JSON', async () => {
  const refuse = () => Promise.reject(fault('not_running', { home: '/h' }))
  for (const argv of [
    ['act', '--json'],
    ['act', '-j'],
  ]) {
    const { code, err, out } = await run(argv, refuse)
    assert.deepEqual([code, out], [1, ''])
    assert.deepEqual(JSON.parse(err), { error: 'no platform runs from /h', status: 'not_running', hint: 'start it with `kante up`' })
  }
})

test('what was typed wrong exits with 2', async () => {
  assert.equal((await run(['atc'])).code, 2)
  assert.equal((await run(['act', '--nope'])).code, 2)
  assert.equal((await run(['act'], () => Promise.reject(fault('no_app_name', {})))).code, 2)
})

test('a bug exits with 1 and shows its stack', async () => {
  const { code, err } = await run(['act'], () => Promise.reject(new TypeError('x is not a function')))
  assert.equal(code, 1)
  assert.match(err, /x is not a function[\s\S]*at /)
})

test('help is printed without running anything', async () => {
  const fail = () => Promise.reject(new Error('ran'))
  assert.match((await run(['act', '--help'], fail)).out, /kante act \[word\.\.\.\] \[flags\]/)
  assert.match((await run([], fail)).out, /Commands:\n {2}act {3}Act/)
})
