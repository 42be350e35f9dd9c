import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { MachineId } from '../ids.ts'
import type { DeployMachineStep, DeployRecord } from './deploy-record.ts'
import { deployStrategies } from './deploy-strategy.ts'
import { nextSteps, poolWidth, stageOf } from './next-steps.ts'

const actions = ['release_command', 'canary', 'create', 'update', 'destroy'] as const
const stepsOf = fc
  .array(fc.record({ action: fc.constantFrom(...actions), group: fc.constantFrom('app', 'worker'), warm: fc.boolean(), replaced: fc.boolean() }), {
    maxLength: 20,
  })
  .map((steps) =>
    steps.map(({ replaced, ...step }, at) => ({
      ...step,
      machine: `m${at}` as MachineId,
      progress: 'planned' as const,
      ...(replaced && step.action === 'create' ? { replaces: `b${at}` as MachineId } : {}),
    })),
  ) as unknown as fc.Arbitrary<readonly DeployMachineStep[]>

test('a share is rounded up, a number down, and one may always be away', () => {
  assert.deepEqual([poolWidth(3, 0.33), poolWidth(10, 0.33), poolWidth(10, 2.9), poolWidth(1, 0.33), poolWidth(0, 0.33)], [1, 4, 2, 1, 1])
})

test('whatever ends in whatever order, each step begins once, stages follow each other, and destructions wait for the commit', () => {
  fc.assert(
    fc.property(
      stepsOf,
      fc.constantFrom(...deployStrategies),
      fc.double({ min: 0.01, max: 4, noNaN: true }),
      fc.infiniteStream(fc.nat()),
      (steps, strategy, maxUnavailable, dice) => {
        let deploy = { steps, strategy, options: { maxUnavailable, maxConcurrent: 3, smokeChecks: true } } as unknown as DeployRecord
        const underWay = new Set<MachineId>()
        const begun: MachineId[] = []
        for (;;) {
          for (const step of nextSteps(deploy, underWay)) {
            assert.ok(!begun.includes(step.machine))
            assert.equal(step.action, deploy.isCommitted ? 'destroy' : stageOf(deploy))
            begun.push(step.machine)
            underWay.add(step.machine)
          }
          if (strategy !== 'immediate')
            for (const group of ['app', 'worker']) {
              const warm = deploy.steps.filter((step) => step.action === 'update' && step.group === group && step.warm)
              const away = warm.filter((step) => underWay.has(step.machine)).length
              const limit = warm.some((step) => step.progress === 'passed') ? poolWidth(warm.length, maxUnavailable) : 1
              assert.ok(away <= limit, `${away} of ${warm.length} away`)
            }
          if (underWay.size > 0) {
            const ends = [...underWay][(dice.next().value as number) % underWay.size]!
            underWay.delete(ends)
            deploy = { ...deploy, steps: deploy.steps.map((step) => (step.machine === ends ? { ...step, progress: 'passed' } : step)) }
          } else if (deploy.isCommitted) break
          else {
            assert.equal(stageOf(deploy), undefined, 'nothing begins although something is open')
            deploy = { ...deploy, isCommitted: true }
          }
        }
        assert.deepEqual(new Set(begun), new Set(steps.map((step) => step.machine)))
      },
    ),
  )
})
