import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fault } from '../../../src/model/fault/fault.ts'
import { until } from '../../testkit/until.ts'
import { deploysOf, essence, service } from './deploy-fixture.ts'
import { openTestControl } from './open-test-control.ts'

const releaseCommand = { config: { env: { COMMAND: '1' }, init: { cmd: ['migrate'] } }, timeoutMs: 5000 }
const groupsOf = (v: string) => ({ app: { env: { V: v }, services: [service] } })

// Hosts in memory and a control that stops short at a point: what kill -9 does to whole platforms is in test/platform/deploy-crash.test.ts. Here a deploy
// fails, too, so that the points of its undoing come up, and the control that goes on with it stops short once more.
describe('a deploy that is cut off at every point, twice', { concurrency: true }, () => {
  for (const strategy of ['rolling', 'immediate', 'canary', 'bluegreen'] as const)
    for (const outcome of strategy === 'immediate' ? (['complete'] as const) : (['complete', 'failed'] as const))
      test(`${strategy}, ${outcome}: comes to the same end as one that is not`, async (t) => {
        let left = Infinity
        let leftOfNext = Infinity
        await using at = await openTestControl({
          regions: ['cdg'],
          options: { isOnlyControl: true },
          deps: {
            deployReached: (_point, isFresh) => {
              if (isFresh ? --left === 0 : --leftOfNext === 0) throw fault('deploy_lost', { app: 'web', id: 'cut off here' })
            },
          },
        })
        const web = deploysOf(at)
        await at.ok('POST', '/v1/apps', { name: 'web' })
        assert.equal((await web.deploy('0', { groups: { ...groupsOf('0'), gone: {} }, ha: false })).status.status, 'complete')
        at.host.survives = (config) => config.env?.['V']?.startsWith('bad') !== true
        let point = 1
        for (; ; point++) {
          assert.ok(point < 80, 'a deploy has no end')
          const before = essence(await web.machines())
          const v = outcome === 'failed' ? `bad${point}` : `${point}`
          left = point
          leftOfNext = (point % 7) + 1
          const begun = await web.begin(v, { strategy, groups: groupsOf(v), releaseCommand, waitTimeoutMs: 1000 })
          const wasCut = await until('it ends or is cut off', async () => {
            if (left <= 0) return { yes: true }
            return (await at.ok<{ status: string }>('GET', `/v1/kante/apps/web/deploys/${begun.id}`)).status === 'running'
              ? undefined
              : { yes: false }
          })
          if (wasCut.yes) await at.reopen()
          const { status } = await web.finish(begun)
          assert.equal(status.status, outcome, `point ${point}: ${status.error ?? ''}`)
          const after = essence(await web.machines())
          if (outcome === 'failed') assert.deepEqual(after, before, `point ${point}`)
          else
            assert.deepEqual(
              after.map(({ state, config }) => [state, config.env['V'], config.metadata['fly_process_group']]),
              [['started', v, 'app']],
              `point ${point}`,
            )
          if (!wasCut.yes) break
        }
        t.diagnostic(`${point - 1} points`)
        assert.ok(point > 10)
      })
})
