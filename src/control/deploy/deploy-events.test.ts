import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { DeployEventRecord } from '../../model/deploy/deploy-record.ts'
import { withDeployEvent } from './deploy-events.ts'

test('however much is said, a record stays small, keeps the plan and the newest, and its numbers only grow', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 6000 }), { minLength: 300, maxLength: 1200, size: 'max' }), (lengths) => {
      let events: readonly DeployEventRecord[] = [{ seq: 1, at: '', kind: 'plan', message: 'the plan' }]
      for (const length of lengths) events = withDeployEvent(events, { at: '', kind: 'log', message: 'x'.repeat(length) })
      assert.ok(JSON.stringify(events).length < 512 * 1024)
      assert.ok(events.length <= 1000)
      assert.equal(events[0]?.message, 'the plan')
      assert.equal(events.at(-1)?.seq, lengths.length + 1)
      assert.ok(events.every((event, at) => at === 0 || event.seq > events[at - 1]!.seq))
    }),
    { numRuns: 10 },
  )
})
