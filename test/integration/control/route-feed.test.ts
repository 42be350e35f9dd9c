import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import type { RouteMessage } from '../../../src/protocol/route-feed.ts'
import { openTestControl, type TestControl } from './open-test-control.ts'

const config = {
  image: 'x',
  services: [{ internal_port: 8080, ports: [{ port: 80, handlers: ['http'] }], autostop: true, checks: [{ type: 'tcp' }] }],
}

async function follow(socketPath: string): Promise<AsyncDisposable & { next(): Promise<RouteMessage> }> {
  const sent = request({ socketPath, path: '/v1/routes?from=0' })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const lines = createInterface(response)[Symbol.asyncIterator]()
  return {
    async next() {
      for (;;) {
        const message = JSON.parse((await lines.next()).value ?? 'null') as RouteMessage
        if (message.type !== 'beat') return message
      }
    },
    async [Symbol.asyncDispose]() {
      sent.destroy()
    },
  }
}
const report = async (socketPath: string, edge: string, machines: readonly object[]) => {
  const sent = request({ socketPath, path: '/v1/load', method: 'POST' })
  sent.end(JSON.stringify({ edge, region: 'fra', at: Date.now(), machines, apps: [] }))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode
}
async function withFeed(at: TestControl): Promise<string> {
  const socket = join(at.dir, 'c.sock')
  await at.control.listenInternal(socket)
  return socket
}

test('an edge gets all routes at once, then every change that matters to it and no other', async () => {
  await using at = await openTestControl()
  const socket = await withFeed(at)
  await at.ok('POST', '/v1/apps', { name: 'web' })
  const { id } = await at.ok<{ id: string }>('POST', '/v1/apps/web/machines', { config })
  await using feed = await follow(socket)
  const first = await feed.next()
  assert.ok(first.type === 'snapshot')
  assert.deepEqual(
    first.hosts.map((host) => host.id),
    ['cdg', 'fra'],
  )
  assert.deepEqual(
    first.apps.map((app) => app.name),
    ['web'],
  )
  const [machine] = first.machines
  assert.deepEqual([machine?.id, machine?.state, machine?.services[0]?.health, machine?.services[0]?.internalPort], [id, 'started', 'passing', 8080])

  await at.ok('POST', `/v1/apps/web/machines/${id}/metadata/x`, { value: '1' })
  await at.ok('POST', `/v1/apps/web/machines/${id}/stop`)
  const states: string[] = []
  while (states.at(-1) !== 'stopped') {
    const delta = await feed.next()
    assert.ok(delta.type === 'delta' && delta.revision > first.revision)
    for (const changed of delta.machines ?? []) states.push(changed.state)
  }
  await at.ok('DELETE', `/v1/apps/web/machines/${id}`)
  let gone = await feed.next()
  while (gone.type === 'delta' && gone.goneMachines?.length === 0) gone = await feed.next()
  assert.ok(gone.type === 'delta')
  assert.deepEqual(gone.goneMachines, [id])
})

test('a service is critical only when one of its own checks is, and unknown before the first result', async () => {
  await using at = await openTestControl()
  const socket = await withFeed(at)
  at.host.checkResult = () => 'critical'
  await at.ok('POST', '/v1/apps', { name: 'web' })
  const sick = await at.ok<{ id: string }>('POST', '/v1/apps/web/machines', { config })
  const fresh = await at.ok<{ id: string }>('POST', '/v1/apps/web/machines', { config, skip_launch: true })
  const apart = await at.ok<{ id: string }>('POST', '/v1/apps/web/machines', {
    config: { image: 'x', services: [{ internal_port: 1 }], checks: { db: { type: 'tcp', port: 2 } } },
  })
  await using feed = await follow(socket)
  const message = await feed.next()
  assert.ok(message.type === 'snapshot')
  const health = new Map(message.machines.map((machine) => [machine.id as string, machine.services[0]?.health]))
  assert.deepEqual([health.get(sick.id), health.get(fresh.id), health.get(apart.id)], ['critical', 'unknown', 'passing'])
})

test('a machine that no edge reports use of is drained, but not while an edge is silent', async () => {
  await using at = await openTestControl({ options: { idleMs: 200 } })
  const socket = await withFeed(at)
  await at.ok('POST', '/v1/apps', { name: 'web' })
  const { id } = await at.ok<{ id: string }>('POST', '/v1/apps/web/machines', { config, region: 'fra' })
  const drained = Promise.withResolvers<number>()
  at.host.onOrder = (call) => {
    if (call === 'drain') drained.resolve(performance.now())
  }
  const until = performance.now() + 800
  while (performance.now() < until) {
    assert.equal(await report(socket, 'fra-edge', []), 204)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(!at.host.calls.includes(`drain ${id} stop`), 'cdg’s edge has said nothing')
  await report(socket, 'cdg-edge', [])
  await drained.promise
  assert.equal((await at.ok<{ state: string }>('GET', `/v1/apps/web/machines/${id}/wait?state=stopped`)).state, 'stopped')
  assert.equal(await report(socket, 'x'.repeat(100), []), 400)
})
