import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { transition, type LifecycleEvent, type LifecycleState } from './machine-lifecycle.ts'
import { isSettled, machineStates, type MachineState } from './machine-state.ts'

/** The edges of Fly.io's diagram, with the short cuts for machines that have no run; written apart from the table on purpose. */
const legal: Readonly<Record<MachineState, readonly MachineState[]>> = {
  created: ['starting', 'stopped', 'destroying'],
  starting: ['started', 'failed', 'launch_failed', 'stopping', 'stopped', 'restarting', 'updating', 'destroying'],
  started: ['stopping', 'stopped', 'suspending', 'restarting', 'updating', 'destroying'],
  stopping: ['stopped', 'destroying'],
  stopped: ['starting', 'destroying'],
  suspending: ['suspended', 'stopping', 'stopped', 'updating', 'destroying'],
  suspended: ['starting', 'stopping', 'stopped', 'restarting', 'updating', 'destroying'],
  restarting: ['starting', 'stopping', 'stopped', 'updating', 'destroying', 'failed'],
  updating: ['starting', 'stopping', 'stopped', 'destroying'],
  destroying: ['destroyed'],
  destroyed: [],
  failed: ['starting', 'stopped', 'destroying'],
  launch_failed: ['starting', 'stopped', 'destroying'],
}
const event: fc.Arbitrary<LifecycleEvent> = fc.oneof(
  fc.constantFrom<LifecycleEvent>(
    { type: 'start' },
    { type: 'stop' },
    { type: 'suspend' },
    { type: 'restart' },
    { type: 'spawned' },
    { type: 'resume_failed' },
    { type: 'frozen' },
    { type: 'freeze_failed' },
    { type: 'back_off_over' },
    { type: 'removed' },
  ),
  fc.record({ type: fc.constant('update' as const), start: fc.boolean() }),
  fc.record({ type: fc.constant('destroy' as const), force: fc.boolean() }),
  fc.record({ type: fc.constant('spawn_failed' as const), isFirst: fc.boolean(), isTransient: fc.boolean() }),
  fc.record({ type: fc.constant('exited' as const), verdict: fc.constantFrom('restart' as const, 'stop' as const, 'destroy' as const) }),
)
/** Follows `hasRun` as the service keeps it: a spawn makes a run, an exit or a failed spawn ends it. */
function step(machine: LifecycleState, given: LifecycleEvent): { readonly machine: LifecycleState; readonly effects: readonly string[] } {
  const result = transition(machine, given)
  if (result.kind === 'rejected') return { machine, effects: [] }
  const ended = given.type === 'exited' || given.type === 'spawn_failed'
  const hasRun = result.effects.includes('spawn') || (machine.hasRun && !ended)
  return { machine: { state: result.next, hasRun, startsAfter: result.startsAfter }, effects: result.effects }
}
const born: LifecycleState = { state: 'created', hasRun: false, startsAfter: false }

test('random events never take a machine along an edge that Fly.io does not have', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let machine = born
      for (const given of events) {
        const { machine: next } = step(machine, given)
        if (next.state !== machine.state) assert.ok(legal[machine.state].includes(next.state), `${machine.state} -${given.type}-> ${next.state}`)
        machine = next
      }
    }),
    { numRuns: 2000 },
  )
})

test('a run is spawned only when there is none, and ended only when there is one', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let machine = born
      for (const given of events) {
        if ((given.type === 'exited' || given.type === 'spawn_failed' || given.type === 'spawned') && !machine.hasRun) continue
        // A run that came to be cannot fail to start any more.
        if (given.type === 'spawn_failed' && ['started', 'suspending', 'suspended'].includes(machine.state)) continue
        const { machine: next, effects } = step(machine, given)
        const stillRuns = machine.hasRun && given.type !== 'exited' && given.type !== 'spawn_failed'
        if (effects.includes('spawn')) assert.ok(!stillRuns, `second run: ${machine.state} -${given.type}-> ${next.state}`)
        for (const ending of ['terminate', 'kill', 'freeze', 'resume']) if (effects.includes(ending)) assert.ok(stillRuns, `${ending} without a run`)
        if (effects.includes('remove')) assert.ok(!stillRuns, `removed while it runs: ${machine.state} -${given.type}`)
        if (['created', 'stopped', 'failed', 'launch_failed', 'destroyed'].includes(next.state))
          assert.ok(!next.hasRun, `${next.state} with a run after ${given.type}`)
        machine = next
      }
    }),
    { numRuns: 2000 },
  )
})

test('destroyed is the end, whatever comes', () => {
  fc.assert(
    fc.property(event, (given) => {
      const { machine, effects } = step({ state: 'destroyed', hasRun: false, startsAfter: false }, given)
      assert.equal(machine.state, 'destroyed')
      assert.deepEqual(effects, [])
    }),
  )
})

test('from every state a forced destroy, the end of its run and the removal lead to destroyed', () => {
  for (const state of machineStates.filter((state) => state !== 'destroyed')) {
    for (const hasRun of [true, false]) {
      let machine = step({ state, hasRun, startsAfter: false }, { type: 'destroy', force: true }).machine
      if (machine.hasRun) machine = step(machine, { type: 'exited', verdict: 'stop' }).machine
      assert.equal(step(machine, { type: 'removed' }).machine.state, 'destroyed', state)
    }
  }
})

test('every passing state has a fact that leads to a settled one', () => {
  const facts: readonly LifecycleEvent[] = [
    { type: 'spawned' },
    { type: 'frozen' },
    { type: 'exited', verdict: 'stop' },
    { type: 'back_off_over' },
    { type: 'removed' },
  ]
  for (const state of machineStates.filter((state) => !isSettled(state))) {
    const seen = new Set<MachineState>([state])
    for (let round = 0; round < 4; round++)
      for (const from of machineStates.filter((state) => seen.has(state)))
        for (const hasRun of [true, false]) for (const fact of facts) seen.add(step({ state: from, hasRun, startsAfter: false }, fact).machine.state)
    assert.ok([...seen].some(isSettled), state)
  }
})

test('a started machine is not destroyed without force, and the fault can say from where it would be', () => {
  const result = transition({ state: 'started', hasRun: true, startsAfter: false }, { type: 'destroy', force: false })
  assert.equal(result.kind, 'rejected')
  assert.deepEqual(result.allowed, ['created', 'stopped', 'suspended', 'destroying', 'destroyed', 'failed', 'launch_failed'])
})

test('an update restarts what runs and leaves what is stopped', () => {
  const running = step({ state: 'started', hasRun: true, startsAfter: false }, { type: 'update', start: true })
  assert.deepEqual(running, { machine: { state: 'updating', hasRun: true, startsAfter: true }, effects: ['terminate'] })
  assert.deepEqual(step(running.machine, { type: 'exited', verdict: 'stop' }).effects, ['spawn'])
  assert.equal(step({ state: 'stopped', hasRun: false, startsAfter: false }, { type: 'update', start: true }).machine.state, 'stopped')
})
