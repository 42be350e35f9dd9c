import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AppName, MachineId, RegionCode } from '../../model/ids.ts'
import type { AutoscalePolicy } from '../../model/placement/app-scaling.ts'
import { decideAutostop } from '../autostop/decide-autostop.ts'
import { decideAutoscale, type AutoscaleMemory } from './decide-autoscale.ts'
import { openSmoothedValues } from './smoothed-load.ts'

const regions = ['fra', 'cdg', 'iad'].map((code) => code as RegionCode)
const [fra, cdg] = regions as [RegionCode, RegionCode, RegionCode]
const soft = 10
const startMs = 2_000
const idleMs = 5_000
const options = { pressureMs: 3_000, restMs: 600_000, calmMs: 60_000 }

interface SimulatedMachine {
  readonly id: MachineId
  readonly region: RegionCode
  state: 'started' | 'starting' | 'stopped'
  sinceMs: number
  inFlight: number
  usedAtMs: number
}
interface World {
  readonly policy: AutoscalePolicy
  readonly isAutostopOff: boolean
  /** Requests in flight that come to the edge of a region at a second. */
  readonly loadOf: (region: RegionCode, second: number) => number
}
interface History {
  readonly changes: { readonly second: number; readonly what: 'create' | 'destroy' | 'stop' | 'wake'; readonly region: RegionCode }[]
  readonly machines: readonly SimulatedMachine[]
}
const count = (history: History, what: string) => history.changes.filter((change) => change.what === what).length

/** Hours of a platform by the second: edges that route and wake, autostop and autoscale with their own rules. Checks what must hold at every second. */
function live({ policy, isAutostopOff, loadOf }: World, hours: number): History {
  const machines: SimulatedMachine[] = []
  const changes: History['changes'] = []
  const loads = openSmoothedValues<MachineId>(2_000)
  const demands = openSmoothedValues<RegionCode>(5_000)
  let memory: AutoscaleMemory | undefined
  let excessSince: ReadonlyMap<string, number> = new Map()
  let made = 0
  let running: ReadonlyMap<RegionCode, readonly SimulatedMachine[]> = new Map()
  const add = (region: RegionCode, nowMs: number) =>
    machines.push({ id: `m${made++}` as MachineId, region, state: 'starting', sinceMs: nowMs, inFlight: 0, usedAtMs: nowMs })
  add(fra, 0)
  for (let second = 1; second < hours * 3600; second++) {
    const nowMs = second * 1000
    for (const machine of machines) {
      if (machine.state === 'starting' && nowMs - machine.sinceMs >= startMs) Object.assign(machine, { state: 'started', sinceMs: nowMs })
      machine.inFlight = 0
    }
    running = Map.groupBy(
      machines.filter((machine) => machine.state === 'started'),
      (machine) => machine.region,
    )
    for (const region of regions) {
      for (let request = 0; request < loadOf(region, second); request++) route(region, nowMs)
    }
    loads.sample(new Map(machines.map((machine) => [machine.id, machine.inFlight])), nowMs)
    demands.sample(new Map(regions.map((region) => [region, loadOf(region, second)])), nowMs)
    if (!isAutostopOff) autostop(nowMs)
    autoscale(nowMs, second)
    assert.ok(machines.length <= policy.max && machines.length >= Math.min(policy.min, made), `second ${second}: ${machines.length} machines`)
  }
  return { changes, machines }

  /** As edges do: to the least loaded of the nearest region where some run; one that sleeps is woken when those are at their soft limit. */
  function route(from: RegionCode, nowMs: number): void {
    let asleepNear: SimulatedMachine | undefined
    const asleepIn = (region: RegionCode) => machines.find((machine) => machine.region === region && machine.state === 'stopped')
    for (const region of [from, ...regions.filter((each) => each !== from)]) {
      const best = (running.get(region) ?? []).reduce<SimulatedMachine | undefined>(
        (least, each) => (least === undefined || each.inFlight < least.inFlight ? each : least),
        undefined,
      )
      asleepNear ??= best === undefined || best.inFlight >= soft ? asleepIn(region) : undefined
      if (best === undefined) continue
      wake(asleepNear, nowMs)
      best.inFlight++
      best.usedAtMs = nowMs
      return
    }
    wake(asleepNear, nowMs)
  }
  function wake(machine: SimulatedMachine | undefined, nowMs: number): void {
    if (machine === undefined || machines.some((each) => each.state === 'starting' && each.region === machine.region)) return
    Object.assign(machine, { state: 'starting', sinceMs: nowMs })
    changes.push({ second: nowMs / 1000, what: 'wake', region: machine.region })
  }
  function rest(id: MachineId, nowMs: number): void {
    const machine = machines.find((each) => each.id === id)!
    Object.assign(machine, { state: 'stopped', sinceMs: nowMs })
    changes.push({ second: nowMs / 1000, what: 'stop', region: machine.region })
  }
  function autostop(nowMs: number): void {
    const decision = decideAutostop({
      nowMs,
      idleMs,
      minUptimeMs: 5_000,
      primaryRegionOf: () => fra,
      excessSince,
      machines: machines
        .filter((machine) => machine.state === 'started')
        .map(({ id, region, inFlight, usedAtMs, sinceMs }) => ({
          id,
          region,
          inFlight,
          usedAtMs,
          startedAtMs: sinceMs,
          app: 'web' as AppName,
          state: 'started' as const,
          isDraining: false,
          policy: { mode: 'stop', softLimit: soft, minMachinesRunning: 0 } as const,
          softLimit: soft,
          webSockets: 0,
          spareUntilMs: 0,
        })),
    })
    excessSince = decision.excessSince
    for (const { id } of decision.stop) rest(id, nowMs)
  }
  function autoscale(nowMs: number, second: number): void {
    const decision = decideAutoscale({
      nowMs,
      policy,
      regions,
      primaryRegion: fra,
      demand: new Map(regions.map((region) => [region, demands.get(region)])),
      isAutostopOff,
      isAllHeard: true,
      memory,
      options,
      machines: machines.map(({ id, region, state, sinceMs }) => ({
        id,
        region,
        load: loads.get(id),
        softLimit: soft,
        isAnchored: false,
        readiness: state === 'started' ? 'serving' : 'reserve',
        ...(state === 'stopped' ? { restingSinceMs: sinceMs } : {}),
      })),
    })
    memory = decision.memory
    if (decision.stop !== undefined) rest(decision.stop, nowMs)
    if (machines.length >= policy.min)
      for (const region of decision.create)
        assert.ok(
          machines.every((machine) => machine.region !== region || machine.state === 'started'),
          'some are made where another has room',
        )
    for (const region of decision.create) {
      add(region, nowMs)
      changes.push({ second, what: 'create', region })
    }
    const at = machines.findIndex((machine) => machine.id === decision.destroy)
    if (at < 0) return
    const [gone] = machines.splice(at, 1)
    assert.ok(gone!.state === 'stopped' && nowMs - gone!.sinceMs >= options.restMs)
    changes.push({ second, what: 'destroy', region: gone!.region })
  }
}

/** Noise that is the same in every run: between -1 and 1. */
const noise = (second: number) => ((second * 2_654_435_761) >>> 0) / 2 ** 31 - 1
const balanced = { mode: 'balanced', min: 1, max: 10 } as const

describe('autoscale over hours', () => {
  test('load in one region makes machines there within seconds; they go when it is over, and the first one stays', () => {
    const history = live(
      { policy: balanced, isAutostopOff: false, loadOf: (region, second) => (region === cdg && second > 600 && second < 4_200 ? 45 : 0) },
      3,
    )
    const created = history.changes.filter((change) => change.what === 'create')
    assert.ok(created.every((change) => change.region === cdg))
    assert.ok(created[0]!.second <= 612, `the first after ${created[0]!.second - 600} s`)
    // 45 in flight fill four machines and a half.
    assert.ok(created.length >= 4 && created.length <= 5, `${created.length} made`)
    assert.equal(count(history, 'destroy'), created.length)
    assert.deepEqual(
      history.machines.map(({ region }) => region),
      [fra],
    )
  })
  for (const isAutostopOff of [false, true]) {
    for (const load of [10, 20, 30]) {
      test(`a load that wavers at the limit of ${load / 10} machines for 6 h settles (autostop ${isAutostopOff ? 'off' : 'on'})`, () => {
        const history = live(
          { policy: balanced, isAutostopOff, loadOf: (region, second) => (region === fra ? Math.round(load + 2 * noise(second)) : 0) },
          6,
        )
        assert.ok(count(history, 'create') <= load / 10 + 1, `${count(history, 'create')} made`)
        assert.equal(count(history, 'destroy'), 0)
        if (isAutostopOff) assert.ok(count(history, 'stop') <= 1, `${count(history, 'stop')} stopped`)
      })
    }
    test(`a load that comes and goes with the rest’s own period is not followed for ever (autostop ${isAutostopOff ? 'off' : 'on'})`, () => {
      const history = live({ policy: balanced, isAutostopOff, loadOf: (region, second) => (region === fra && second % 1_500 < 600 ? 25 : 2) }, 12)
      // 29 times it comes; making and destroying for each would be 60 or more.
      assert.ok(count(history, 'destroy') <= 8, `${count(history, 'destroy')} destroyed`)
    })
  }
  test('without load for long the minimum is left, whatever was before', () => {
    for (const seed of [1, 2, 4]) {
      const loadOf = (region: RegionCode, second: number) =>
        second > 7_200 ? 0 : Math.max(0, Math.round(30 * noise(Math.floor(second / 240) * seed + regions.indexOf(region))))
      const history = live({ policy: { mode: seed % 2 === 0 ? 'standard' : 'balanced', min: 2, max: 8 }, isAutostopOff: seed > 2, loadOf }, 6)
      assert.equal(history.machines.length, 2)
    }
  })
})
