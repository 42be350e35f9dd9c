import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AppStatus, DeployStatus } from '../../src/protocol/kante-api.ts'
import { plainApp } from '../testkit/app.ts'
import { openLoad } from '../testkit/load.ts'
import { openTestPlatform, type TestPlatform } from '../testkit/platform.ts'
import { until } from '../testkit/until.ts'

interface Machine {
  readonly state: string
  readonly config: { readonly image: string; readonly env?: Record<string, string>; readonly metadata?: object }
}
const deploysPath = '/v1/kante/apps/cut/deploys'

// Side by side: nearly all of their time they wait.
describe('kill -9 of the daemon at every point of a deploy', { concurrency: true }, () => {
  for (const strategy of ['rolling', 'canary', 'bluegreen'] as const)
    test(`${strategy}: the next daemon finishes it, and no request fails`, async (t) => {
      await using platform = await openTestPlatform({ regions: ['fra'] })
      await using app = await plainApp('cut')
      await platform.kante(['apps', 'create', 'cut'])
      await platform.kante(['deploy'], { cwd: app.dir })
      const machines = async () => (await platform.api<readonly Machine[]>('GET', '/v1/apps/cut/machines')).body
      const [first] = await machines()
      assert.ok(first)
      const { image, metadata: _metadata, ...config } = first.config
      await using load = await openLoad({ port: platform.edgePort('fra'), host: 'cut.localhost', perSecond: 50, timeoutMs: 40_000 })
      process.kill(await platform.daemonPid(), 'SIGKILL')
      let point = 1
      for (; ; point++) {
        assert.ok(point < 100, 'a deploy has no end')
        await upToDieAt(platform, point)
        // The one that was cut off before goes on now, and counts no points.
        await until(
          'no deploy runs',
          async () => (await platform.api<AppStatus>('GET', '/v1/kante/apps/cut/status')).body.deploy === undefined,
          30_000,
        )
        if (point > 1) await assertRelease(platform, await machines(), point - 1)
        const begun = await platform.api<DeployStatus>('POST', deploysPath, {
          image,
          strategy,
          groups: { app: { ...config, env: { ...config.env, ROUND: String(point) } } },
        })
        assert.equal(begun.status, 202, JSON.stringify(begun.body))
        const end = await endOrDeath(platform, `${deploysPath}/${begun.body.id}`)
        if (end === undefined) continue
        assert.equal(end.status, 'complete', end.error ?? '')
        await assertRelease(platform, await machines(), point)
        break
      }
      const result = await load.stop()
      t.diagnostic(`${point - 1} points, ${result.sent} requests, the longest ${result.longestMs.toFixed(0)} ms`)
      assert.ok(point > 15, `only ${point} points`)
      assert.equal(result.failed, 0, result.failures.join('\n'))
    })
})

/** Waits for a dead daemon's successor, which ends at a point of the next deploy that it begins. */
async function upToDieAt(platform: TestPlatform, point: number): Promise<void> {
  await platform.kante(['up', '--detach'], { env: { KANTE_TEST_DIE_AT_DEPLOY_POINT: String(point) } })
}

async function assertRelease(platform: TestPlatform, machines: readonly Machine[], round: number): Promise<void> {
  const found = machines.map((machine) => [machine.state, machine.config.env?.['ROUND']])
  const wanted = ['started', String(round)]
  assert.deepEqual(found, [wanted, wanted], `cut off at point ${round}`)
  const { releases } = (await platform.api<{ readonly releases: readonly { readonly status: string }[] }>('GET', '/v1/kante/apps/cut/releases')).body
  assert.equal(releases[0]?.status, 'complete', `cut off at point ${round}`)
}

const endOf = async (platform: TestPlatform, path: string) => {
  const { body } = await platform.api<DeployStatus>('GET', path)
  return body.status === 'complete' || body.status === 'failed' ? body : undefined
}
/** The deploy's end, or undefined when the daemon has died on the way. */
async function endOrDeath(platform: TestPlatform, path: string): Promise<DeployStatus | undefined> {
  const pid = await platform.daemonPid()
  return until(
    'the deploy ends or the daemon dies',
    async () => {
      if (!isAlive(pid)) return { end: undefined }
      const end = await endOf(platform, path).catch(() => undefined)
      return end === undefined ? undefined : { end }
    },
    30_000,
  ).then(({ end }) => end)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
