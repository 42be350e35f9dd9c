import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeployStatus } from '../../../src/protocol/kante-api.ts'
import { plainApp } from '../../testkit/app.ts'
import { openLoad } from '../../testkit/load.ts'
import { openTestPlatform, type TestPlatform } from '../../testkit/platform.ts'
import { until } from '../../testkit/until.ts'

interface Machine {
  readonly id: string
  readonly state: string
  readonly config: { readonly image: string; readonly env?: Record<string, string> }
}

// Some of the instants at which a deploy can be cut off: as it begins, while the first machine is under its hands, and between the two.
for (const [when, pattern] of [
  ['begins', /"kind":"plan"/],
  ['updates a machine', /"kind":"step"/],
  ['has updated the first', /is up/],
] as const) {
  test(`kill -9 of the daemon when a deploy ${when}: the next one finishes it, and no request fails`, async () => {
    await using platform = await openTestPlatform({ regions: ['fra'] })
    await using app = await plainApp('cut')
    await platform.kante(['apps', 'create', 'cut'])
    await platform.kante(['deploy'], { cwd: app.dir })
    const machines = async () => (await platform.api<readonly Machine[]>('GET', '/v1/apps/cut/machines')).body
    const [first] = await machines()
    assert.ok(first)
    const { image, metadata: _metadata, ...config } = first.config as Machine['config'] & { metadata?: object }
    await using load = await openLoad({ port: platform.edgePort('fra'), host: 'cut.localhost', perSecond: 50, timeoutMs: 30_000 })
    const begun = await platform.api<DeployStatus>('POST', '/v1/kante/apps/cut/deploys', {
      image,
      groups: { app: { ...config, env: { ...config.env, ROUND: '2' } } },
    })
    assert.equal(begun.status, 202, JSON.stringify(begun.body))
    await seen(platform, `/v1/kante/apps/cut/deploys/${begun.body.id}/events`, pattern)
    process.kill(await platform.daemonPid(), 'SIGKILL')
    await platform.up()
    const ended = await until(
      'the deploy has ended',
      async () => {
        const { body } = await platform.api<DeployStatus>('GET', `/v1/kante/apps/cut/deploys/${begun.body.id}`)
        return body.status !== 'running' && body
      },
      30_000,
    )
    const after = await machines()
    const result = await load.stop()
    assert.equal(ended.status, 'complete', ended.error ?? '')
    for (const machine of after) assert.deepEqual([machine.state, machine.config.env?.['ROUND']], ['started', '2'])
    assert.equal(after.length, 2)
    assert.equal(result.failed, 0, result.failures.join('\n'))
  })
}

/** Reads a stream until something in it matches. */
async function seen(platform: TestPlatform, path: string, pattern: RegExp): Promise<void> {
  const headers = { authorization: `Bearer ${await platform.token()}` }
  const { body } = await fetch(`http://127.0.0.1:${platform.apiPort}${path}`, { headers })
  assert.ok(body)
  let text = ''
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString()
    if (pattern.test(text)) return
  }
  assert.fail(`not in the stream: ${pattern}\n${text}`)
}
