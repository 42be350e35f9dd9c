import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLeadership } from '../../../src/control/autoscale/leadership.ts'
import { holdApp } from '../../../src/control/scale/hold-app.ts'
import { openRecords } from '../../../src/control/state/records.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { silentLog } from '../../../src/kit/log.ts'
import type { App } from '../../../src/model/app.ts'
import { isFault } from '../../../src/model/fault/fault.ts'
import { until } from '../../testkit/until.ts'
import { openTestControl } from './open-test-control.ts'

test('of two controls one leads a loop; when it ends the other does, and what the first still begins is refused', async () => {
  await using at = await openTestControl()
  await at.ok('POST', '/v1/apps', { name: 'web' })
  const app = { name: 'web' } as App
  const deps = { store: at.store, clock: systemClock, log: silentLog }
  const hold = { ...deps, records: openRecords(at.mirror), settle: (revision: number | undefined) => at.mirror.waitFor(revision ?? 0) }
  const first = openLeadership(deps, 'test')
  const fence = await until('the first leads', () => first.fence())
  await using second = openLeadership(deps, 'test')
  await (await holdApp(hold, app, 'the first', [fence]))[Symbol.asyncDispose]()
  assert.equal(second.fence(), undefined)

  await first[Symbol.asyncDispose]()
  await until('the second leads', () => second.fence())
  await assert.rejects(
    () => holdApp(hold, app, 'the first, late', [fence]),
    (error) => isFault(error, 'deploy_running'),
  )
  await (await holdApp(hold, app, 'the second', [second.fence()!]))[Symbol.asyncDispose]()
})
