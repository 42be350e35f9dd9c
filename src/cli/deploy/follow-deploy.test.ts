import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fault, type Fault } from '../../model/fault/fault.ts'
import type { DeployEvent, DeployStatus } from '../../protocol/kante-api.ts'
import { followDeploy } from './follow-deploy.ts'

const event = (seq: number): DeployEvent => ({ seq, at: '', kind: 'machine', message: `event ${seq}` })
const status = (state: DeployStatus['status']): DeployStatus => ({ id: 'd1', app: 'web', version: 2, status: state, image: 'i', startedAt: '' })
const away = () => fault('not_running', { home: '/h' })

/** One try of the stream: the events it gives, then how it ends. */
type Try = { readonly events: readonly DeployEvent[]; readonly ends?: Fault }
function platform(tries: readonly Try[], states: readonly (DeployStatus['status'] | Fault)[]) {
  const asked: unknown[] = []
  let stream = 0
  let request = 0
  return {
    asked,
    async *stream<T>(_method: string, _path: string, options?: { readonly query?: object }) {
      asked.push(options?.query)
      const { events, ends } = tries[Math.min(stream++, tries.length - 1)] ?? { events: [] }
      for (const each of events) yield each as T
      if (ends !== undefined) throw ends
    },
    async request<T>() {
      const state = states[Math.min(request++, states.length - 1)] ?? 'running'
      if (typeof state !== 'string') throw state
      return status(state) as T
    },
  }
}
function surroundings() {
  const seen: number[] = []
  const lines: string[] = []
  let now = 0
  const clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms: number) => void (now += ms),
    timer: () => ({ [Symbol.dispose]: () => undefined }),
  }
  const ctx = { clock, signal: new AbortController().signal, progress: (line: string) => void lines.push(line) }
  return { ctx, seen, lines, options: { patienceMs: 60_000, onEvent: ({ seq }: DeployEvent) => void seen.push(seq) } }
}

test('a deploy that ends is told once, event by event', async () => {
  const { ctx, seen, options } = surroundings()
  const api = platform([{ events: [event(1), event(2)] }], ['complete'])
  assert.equal((await followDeploy(ctx, api, { app: 'web', id: 'd1' }, options)).status, 'complete')
  assert.deepEqual(seen, [1, 2])
})

test('a broken stream goes on behind the last event, and none is told twice', async () => {
  const { ctx, seen, lines, options } = surroundings()
  const api = platform(
    [{ events: [event(1), event(2)], ends: away() }, { events: [], ends: away() }, { events: [event(2), event(3)] }],
    ['running', 'failed'],
  )
  assert.equal((await followDeploy(ctx, api, { app: 'web', id: 'd1' }, options)).status, 'failed')
  assert.deepEqual(seen, [1, 2, 3])
  assert.deepEqual(api.asked.slice(0, 3), [{ after: 0 }, { after: 2 }, { after: 2 }])
  assert.equal(lines.length, 1)
})

test('a platform that stays away is an error in the end', async () => {
  const { ctx, options } = surroundings()
  await assert.rejects(followDeploy(ctx, platform([{ events: [], ends: away() }], []), { app: 'web', id: 'd1' }, options), { code: 'not_running' })
})

test('thirty seconds without the platform are survived', async () => {
  const { ctx, options } = surroundings()
  const tries = [...Array.from({ length: 18 }, () => ({ events: [], ends: away() })), { events: [event(1)] }]
  assert.equal((await followDeploy(ctx, platform(tries, ['complete']), { app: 'web', id: 'd1' }, options)).status, 'complete')
  assert.ok(ctx.clock.monotonic() > 30_000)
})

test('what the platform says itself is final', async () => {
  const { ctx, options } = surroundings()
  const gone = fault('app_not_found', { app: 'web' })
  await assert.rejects(followDeploy(ctx, platform([{ events: [], ends: gone }], []), { app: 'web', id: 'd1' }, options), { code: 'app_not_found' })
})
