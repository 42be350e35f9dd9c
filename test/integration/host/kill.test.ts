import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { MachineId } from '../../../src/model/ids.ts'
import { until } from '../../testkit/until.ts'
import type { DaemonAnswer, DaemonRequest } from './host-daemon.ts'
import { echoServer, openHostFixture, orderOf, type HostFixture } from './host-fixture.ts'

type Wish = 'startMachine' | 'stopMachine' | 'suspendMachine'
const wishes: readonly Wish[] = ['startMachine', 'suspendMachine', 'stopMachine', 'stopMachine', 'stopMachine']

/** Runs a daemon on the fixture's folder, asks it for something of every machine, and kills it at its Nth answer. Says what it acknowledged last. */
async function abuse(fixture: HostFixture, ids: readonly MachineId[], killAtAnswer: number) {
  const child = fork(fileURLToPath(new URL('./host-daemon.ts', import.meta.url)), [fixture.dir, fixture.base])
  const asked = new Map<number, { readonly machine: MachineId; readonly wish: Wish }>()
  /** The last wish of a machine that was acknowledged, and the one that was asked for later without an answer. */
  const acknowledged = new Map<MachineId, Wish>()
  const open = new Map<MachineId, Wish>()
  const turns = new Map<MachineId, number>()
  let next = 1
  let answers = 0
  const ask = (machine: MachineId) => {
    const turn = turns.get(machine) ?? 0
    turns.set(machine, turn + 1)
    const wish = wishes[turn % wishes.length] ?? 'startMachine'
    const id = next++
    asked.set(id, { machine, wish })
    open.set(machine, wish)
    const options = wish === 'stopMachine' ? { signal: 'SIGKILL' } : {}
    child.send({ id, method: wish, args: [machine, options] } satisfies DaemonRequest, () => undefined)
  }
  await once(child, 'message')
  child.on('message', ({ id, ok }: DaemonAnswer) => {
    const about = asked.get(id)
    if (about === undefined) return
    open.delete(about.machine)
    if (ok) acknowledged.set(about.machine, about.wish)
    if (++answers === killAtAnswer) child.kill('SIGKILL')
    else ask(about.machine)
  })
  for (const id of ids) ask(id)
  await once(child, 'exit')
  return { acknowledged, open }
}

test('a daemon killed at any instant loses no acknowledged command and leaves no machine twice', async () => {
  await using fixture = await openHostFixture()
  const image = await fixture.bundles.add(echoServer)
  const orders = Array.from({ length: 4 }, () => orderOf(image, { restart: { policy: 'no' } }))
  for (const order of orders) await fixture.host.port.createMachine(order)
  const ids = orders.map((order) => order.desired.id)
  let checked = 0
  for (let round = 0; round < 6; round++) {
    const outcome = Promise.withResolvers<Awaited<ReturnType<typeof abuse>>>()
    await fixture.restart(async () => outcome.resolve(await abuse(fixture, ids, 11 + round * 9)))
    const { acknowledged, open } = await outcome.promise
    for (const id of ids) {
      const report = await fixture.host.port.waitMachine(id, { states: ['settled'], timeoutMs: 10_000 })
      // A later command may have been carried out without its answer having come back; a stopped machine cannot be suspended.
      const last = acknowledged.get(id)
      if (last === 'stopMachine' && open.get(id) !== 'startMachine') {
        assert.equal(report.observed.state, 'stopped')
        checked++
      }
      if (last === 'suspendMachine' && open.get(id) === 'suspendMachine') assert.equal(report.observed.state, 'suspended')
      assert.ok(['started', 'stopped', 'suspended'].includes(report.observed.state), report.observed.state)
      const { runs } = await fixture.keeper.call('list', {})
      const own = runs.filter((run) => run.meta['machine'] === id)
      assert.equal(own.length, report.observed.state === 'stopped' ? 0 : 1, `${report.observed.state} with ${own.length} runs`)
      assert.equal(own[0]?.suspended ?? false, report.observed.state === 'suspended')
    }
  }
  assert.ok(checked > 0, 'no round ended with an acknowledged stop')
  for (const id of ids) await fixture.host.port.destroyMachine(id, { force: true })
  await until('nothing runs', async () => (await fixture.keeper.call('list', {})).runs.length === 0)
})
