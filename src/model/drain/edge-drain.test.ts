import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import {
  becomeIdle,
  isRoutable,
  learnDrain,
  learnFact,
  learnUndrain,
  learnWoken,
  loseSession,
  type MachineFact,
  type MachineView,
} from './edge-drain.ts'

const fact = (seq: number, change: Partial<MachineFact> = {}): MachineFact => ({
  seq,
  state: 'started',
  draining: false,
  endpoint: { address: '127.1.0.1' },
  ...change,
})
const started: MachineView = learnFact(undefined, fact(10), 1)
const drained = learnDrain(started, { seq: 11, drainId: 'd1' }, false, 2).view
const busy = learnDrain(started, { seq: 11, drainId: 'd1' }, true, 2).view

test('a state that overtook the drain and says that it goes on does not make the edge silent', () => {
  const draining = learnFact(undefined, { seq: 6, state: 'started', draining: true, endpoint: { address: '127.1.0.1' } }, 1)
  const { view, reply } = learnDrain(draining, { seq: 5, drainId: 'd' }, false, 2)
  assert.deepEqual([reply, view.seq, isRoutable(view)], ['drained', 6, false])
  const over = learnFact(undefined, { seq: 6, state: 'started', draining: false, endpoint: { address: '127.1.0.1' } }, 1)
  assert.equal(learnDrain(over, { seq: 5, drainId: 'd' }, false, 2).reply, undefined)
})

test('the highest seq wins, whoever said it', () => {
  assert.equal(learnFact(started, fact(9, { state: 'stopped' }), 2), started)
  assert.equal(learnFact(started, fact(10, { state: 'stopped' }), 2), started)
  assert.equal(learnFact(started, fact(11, { state: 'stopped' }), 2).state, 'stopped')
})
test('a drain closes the machine at once and is answered by what is in flight', () => {
  assert.equal(learnDrain(started, { seq: 11, drainId: 'd1' }, false, 2).reply, 'drained')
  assert.equal(learnDrain(started, { seq: 11, drainId: 'd1' }, true, 2).reply, 'busy')
  assert.ok(!isRoutable(drained) && !isRoutable(busy))
})
test('a drain that is over already is not answered', () => {
  const { view, reply } = learnDrain(learnFact(started, fact(12), 2), { seq: 11, drainId: 'd1' }, false, 3)
  assert.ok(reply === undefined && isRoutable(view))
})
test('the end of the last request is told once', () => {
  const { view, reply } = becomeIdle(busy)
  assert.ok(reply === 'drained' && view.block?.acknowledged)
  assert.equal(becomeIdle(view).reply, undefined)
  assert.equal(becomeIdle(started).reply, undefined)
})
test('undrain opens the machine, one of another drain only with a later seq', () => {
  assert.ok(isRoutable(learnUndrain(drained, { seq: 11, drainId: 'd1' }, 3)))
  assert.ok(!isRoutable(learnUndrain(drained, { seq: 11, drainId: 'd0' }, 3)))
  assert.ok(isRoutable(learnUndrain(drained, { seq: 12, drainId: 'd0' }, 3)))
})
test('a lost session voids a drain that was not acknowledged, and only that', () => {
  assert.ok(isRoutable(loseSession(busy)))
  assert.ok(!isRoutable(loseSession(drained)))
  assert.ok(isRoutable(loseSession(learnFact(started, fact(11, { draining: true }), 2))))
  assert.equal(loseSession(started), started)
})
test('a wake answer counts when it is later, or was asked for with all that is known', () => {
  const reply = { seq: 11, endpoint: { address: '127.1.0.1' } }
  assert.ok(!isRoutable(learnWoken(drained, reply, 1, 3)), 'asked before the drain was heard of')
  assert.ok(isRoutable(learnWoken(drained, reply, 2, 3)), 'asked after that')
  assert.ok(isRoutable(learnWoken(drained, { ...reply, seq: 12 }, 1, 3)), 'later than the drain')
})
test('a drain heard of before the machine keeps it closed when the feed tells of it', () => {
  const { view } = learnDrain(undefined, { seq: 11, drainId: 'd1' }, false, 1)
  const told = learnFact(view, fact(10), 2)
  assert.ok(!isRoutable(told))
  assert.ok(isRoutable(learnUndrain(told, { seq: 12, drainId: 'd1' }, 3)), 'its address is known by then')
  assert.ok(!isRoutable(learnUndrain(view, { seq: 12, drainId: 'd1' }, 3)), 'and without an address nothing is sent')
})
test('a run has one number until the machine has stopped, or may have', () => {
  assert.equal(learnFact(started, fact(11), 2).run, started.run)
  assert.equal(learnFact(started, fact(13), 2).run, 13)
  assert.equal(learnFact(learnFact(started, fact(11, { state: 'stopped' }), 2), fact(12), 3).run, 12)
})
