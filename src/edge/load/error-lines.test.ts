import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { ManualClock } from '../../../test/testkit/manual-clock.ts'
import { routeHost } from '../../../test/testkit/routes.ts'
import { ErrorLines } from './error-lines.ts'

test('lines are sent together, and an app that floods is cut with a count', async () => {
  const clock = new ManualClock()
  const sent: { host: string; messages: readonly string[] }[] = []
  await using lines = new ErrorLines({
    clock,
    send: (host, batch) => {
      sent.push({ host, messages: batch.map((line) => `${line.app}: ${line.message}`) })
      return Promise.resolve()
    },
  })
  for (let n = 0; n < 50; n++) lines.add(routeHost('fra').id, { app: 'loud', machine: '', level: 'error', message: `failure ${n}` })
  lines.add(routeHost('cdg').id, { app: 'quiet', machine: '', level: 'error', message: 'one' })
  assert.equal(sent.length, 0)
  await clock.advance(200)
  assert.equal(sent.length, 2)
  assert.equal(sent[0]?.messages.length, 21)
  assert.equal(sent[0]?.messages.at(-1), 'loud: 30 more proxy errors')
  assert.deepEqual(sent[1]?.messages, ['quiet: one'])
  lines.add(routeHost('fra').id, { app: 'loud', machine: '', level: 'error', message: 'again' })
  await clock.advance(200)
  assert.deepEqual(sent[2]?.messages, ['loud: again'])
})
