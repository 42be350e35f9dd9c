import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { EdgeId } from '../ids.ts'
import { beginDrain, stepDrain, type HostDrain, type HostDrainEvent } from './host-drain.ts'

const edges = ['fra-edge', 'cdg-edge', 'iad-edge'] as EdgeId[]
const [fra, cdg] = edges as [EdgeId, EdgeId, EdgeId]
const answer = (edge: EdgeId, given: 'drained' | 'busy' = 'drained', required: readonly EdgeId[] = edges): HostDrainEvent => ({
  type: 'answer',
  edge,
  drainId: 'd1',
  answer: given,
  required,
})
const outcome = (drain: HostDrain) => (drain.phase === 'over' ? drain.outcome : 'asking')

test('the signal comes after the last edge has drained, not before', () => {
  let drain = beginDrain('d1', edges, new Set(edges))
  for (const edge of edges) {
    assert.equal(outcome(drain), 'asking')
    drain = stepDrain(drain, answer(edge))
  }
  assert.equal(outcome(drain), 'signal')
})

test('an edge without a session calls it off before anything is asked', () => {
  assert.equal(outcome(beginDrain('d1', edges, new Set([fra]))), 'cancelled')
})

test('busy, a wake, a lost edge and the timeout end it; answers to another drain are nothing', () => {
  const drain = beginDrain('d1', edges, new Set(edges))
  assert.equal(outcome(stepDrain(drain, answer(cdg, 'busy'))), 'busy')
  assert.equal(outcome(stepDrain(drain, { type: 'wake' })), 'cancelled')
  assert.equal(outcome(stepDrain(stepDrain(drain, answer(cdg)), { type: 'edge_lost', edge: cdg })), 'cancelled')
  assert.equal(outcome(stepDrain(drain, { type: 'timeout' })), 'busy')
  assert.equal(outcome(stepDrain(drain, { ...answer(fra), drainId: 'd0' } as HostDrainEvent)), 'asking')
})

test('an edge that has drained and is busy after all ends it', () => {
  const drained = stepDrain(beginDrain('d1', edges, new Set(edges)), answer(cdg))
  assert.equal(outcome(stepDrain(drained, answer(cdg, 'busy'))), 'busy')
})

test('a patient drain takes no notice of busy, before or behind the edge’s drained, and goes on to its signal or the timeout', () => {
  let drain = beginDrain('d1', edges, new Set(edges), true)
  drain = stepDrain(stepDrain(drain, answer(cdg, 'busy')), answer(fra))
  drain = stepDrain(drain, answer(fra, 'busy'))
  assert.equal(outcome(drain), 'asking')
  assert.equal(outcome(stepDrain(drain, { type: 'timeout' })), 'busy')
  for (const edge of edges.slice(1)) drain = stepDrain(drain, answer(edge))
  assert.equal(outcome(drain), 'signal')
})

test('an edge that became known meanwhile calls it off', () => {
  let drain = beginDrain('d1', [fra], new Set([fra]))
  drain = stepDrain(drain, answer(fra, 'drained', [fra, cdg]))
  assert.equal(outcome(drain), 'cancelled')
})

test('whatever happens in whatever order, a signal means that each required edge had drained and none was lost', () => {
  const event = fc.oneof(
    fc
      .record({ edge: fc.constantFrom(...edges), given: fc.constantFrom('drained' as const, 'drained' as const, 'busy' as const) })
      .map((a) => answer(a.edge, a.given)),
    fc.constantFrom(...edges).map((edge): HostDrainEvent => ({ type: 'edge_lost', edge })),
    fc.constantFrom<HostDrainEvent>({ type: 'wake' }, { type: 'timeout' }, { type: 'machine_changed' }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 8 }), (events) => {
      let drain = beginDrain('d1', edges, new Set(edges))
      const seen: HostDrainEvent[] = []
      for (const given of events) {
        if (drain.phase === 'over') break
        seen.push(given)
        drain = stepDrain(drain, given)
      }
      if (outcome(drain) !== 'signal') return
      for (const edge of edges) assert.ok(seen.some((given) => given.type === 'answer' && given.edge === edge && given.answer === 'drained'))
      assert.ok(seen.every((given) => given.type === 'answer' && given.answer === 'drained'))
    }),
    { numRuns: 2000 },
  )
})
