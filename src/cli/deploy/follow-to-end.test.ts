import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../kit/clock.ts'
import { fault } from '../../model/fault/fault.ts'
import type { DeployStatus } from '../../protocol/kante-api.ts'
import type { ApiClient } from '../api/api-client.ts'
import type { CliContext } from '../context.ts'
import { Interrupted } from '../output/report-error.ts'
import { followToEnd } from './follow-to-end.ts'

const deploy: DeployStatus = { id: 'd1', app: 'web', version: 2, status: 'running', image: 'i', startedAt: '' }

/** A platform whose deploy never ends by itself; Ctrl-C comes as soon as it is followed. */
function interrupted(answer: 'called off' | 'begun') {
  const interrupt = new AbortController()
  const asked: string[] = []
  const lines: string[] = []
  const api = {
    // oxlint-disable-next-line require-yield -- it only ends
    async *stream() {
      interrupt.abort(new Interrupted('interrupted'))
      throw interrupt.signal.reason
    },
    async request(method: string, path: string, options?: { readonly signal?: AbortSignal }) {
      asked.push(`${method} ${path}`)
      options?.signal?.throwIfAborted()
      if (answer === 'begun') throw fault('deploy_begun', { app: 'web', id: 'd1' })
      return deploy
    },
  } as unknown as ApiClient
  const ctx = {
    clock: systemClock,
    signal: interrupt.signal,
    isJson: false,
    progress: (line: string) => void lines.push(line),
  } as unknown as CliContext
  return { api, ctx, asked, lines }
}
const cancelled = ['POST /v1/kante/apps/web/deploys/d1/cancel']

test('Ctrl-C calls a deploy off that has touched nothing, and says so', async () => {
  const { api, ctx, asked, lines } = interrupted('called off')
  await assert.rejects(followToEnd(ctx, api, deploy), Interrupted)
  assert.deepEqual(asked, cancelled)
  assert.match(lines.join(), /Release v2 of web is called off/)
})

test('later it leaves, and says that the deploy goes on and how to see it', async () => {
  const { api, ctx, asked, lines } = interrupted('begun')
  await assert.rejects(followToEnd(ctx, api, deploy), Interrupted)
  assert.deepEqual(asked, cancelled)
  assert.match(lines.join(), /goes on without you; `kante releases attach -a web`/)
})

test('somebody who only watches calls nothing off', async () => {
  const { api, ctx, asked, lines } = interrupted('called off')
  await assert.rejects(followToEnd(ctx, api, deploy, { mayCancel: false }), Interrupted)
  assert.deepEqual(asked, [])
  assert.match(lines.join(), /goes on without you/)
})
