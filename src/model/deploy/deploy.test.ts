import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { InstanceId, MachineId, RegionCode } from '../ids.ts'
import type { MachineConfig } from '../machine/machine-config.ts'
import type { CheckStatus, ExitEvent, MachineEvent, MachineReport } from '../machine/machine-record.ts'
import { machineStates, type MachineState } from '../machine/machine-state.ts'
import { judgeMachine, smokeMs } from './judge-machine.ts'
import { planDeploy, targetConfig, type MachineBefore } from './plan-deploy.ts'

const version = 'v2' as InstanceId
const web: MachineConfig = { image: 'x', services: [{ internal_port: 8080, checks: [{ type: 'tcp' }] }] }
const checkName = 'servicecheck-00-tcp-8080'

describe('planning a deploy', () => {
  const managed = (id: string, group: string, state: MachineState, env: Record<string, string> = {}): MachineBefore => ({
    id: id as MachineId,
    region: 'fra' as RegionCode,
    state,
    config: { image: 'old', env, metadata: { fly_platform_version: 'v2', fly_process_group: group } },
  })
  const plan = (groups: Record<string, MachineConfig>, machines: readonly MachineBefore[], ha = true) => {
    let made = 0
    return planDeploy({
      groups,
      machines,
      primaryRegion: 'cdg' as RegionCode,
      ha,
      newMachineId: () => `new${made++}` as MachineId,
      newInstanceId: () => `version${made++}` as InstanceId,
    })
  }
  test('makes two machines for a group with services, one and a spare for any other, one for a group with mounts', () => {
    const count = (config: MachineConfig, ha = true) => plan({ app: config }, [], ha).steps.length
    assert.deepEqual([count(web), count(web, false), count({ image: 'x' }), count({ ...web, mounts: [{}] })], [2, 1, 2, 1])
  })
  test('updates running machines first, resting ones after them, and destroys those of gone groups last', () => {
    const machines = [managed('a', 'gone', 'started'), managed('b', 'app', 'stopped'), managed('c', 'app', 'started')]
    const { steps } = plan({ app: web }, machines)
    assert.deepEqual(
      steps.map((step) => [step.action, step.machine, step.warm]),
      [
        ['update', 'c', true],
        ['update', 'b', false],
        ['destroy', 'a', true],
      ],
    )
  })
  test('touches each managed machine exactly once, others never, and keeps what every updated one had', () => {
    const group = fc.constantFrom('app', 'worker', 'gone')
    const before = fc.record({ group, state: fc.constantFrom(...machineStates), isManaged: fc.boolean(), env: fc.constantFrom('1', '2') })
    fc.assert(
      fc.property(fc.array(before), fc.boolean(), (given, ha) => {
        const machines = given.map(({ group, state, isManaged, env }, at) => {
          const machine = managed(`m${at}`, group, state, { V: env })
          return isManaged ? machine : { ...machine, config: { image: 'other' } }
        })
        const { steps, former } = plan({ app: web, worker: { image: 'x' } }, machines, ha)
        const existing = steps.filter((step) => step.action !== 'create').map((step) => step.machine)
        assert.deepEqual(new Set(existing), new Set(machines.filter((machine) => machine.config.metadata !== undefined).map((machine) => machine.id)))
        assert.equal(new Set(steps.map((step) => step.machine)).size, steps.length)
        assert.equal(new Set(steps.flatMap((step) => [step.instanceId, step.undoInstanceId])).size, steps.length * 2)
        for (const step of steps) {
          const machine = machines.find((found) => found.id === step.machine)
          if (step.action === 'update') assert.deepEqual(former[step.former ?? ''], machine?.config)
        }
        assert.ok(Object.keys(former).length <= 4, 'equal configs are kept once')
      }),
    )
  })
  test('a machine’s target is the group’s config with the release’s marks, and standbys stay its own', () => {
    const config = targetConfig('app', { ...web, standbys: ['x'], metadata: { own: '1' } }, 'new', { id: 'r', version: 3 }, ['y'])
    assert.deepEqual(config.metadata, {
      own: '1',
      fly_platform_version: 'v2',
      fly_process_group: 'app',
      fly_release_id: 'r',
      fly_release_version: '3',
    })
    assert.deepEqual([config.image, config.standbys], ['new', undefined], 'a group with services has no use for spares')
    assert.deepEqual(targetConfig('job', { image: 'x' }, 'new', { id: 'r', version: 3 }, ['y']).standbys, ['y'])
  })
})

describe('the gates of a deploy', () => {
  const exitEvent = (exit_code: number, requested_stop = false): ExitEvent => ({
    exit_code,
    guest_exit_code: exit_code,
    guest_signal: -1,
    signal: -1,
    oom_killed: false,
    requested_stop,
    restarting: false,
    exited_at: 'now',
  })
  const event = (type: MachineEvent['type'], exit?: ExitEvent, restart_count = 0): MachineEvent => ({
    id: type,
    type,
    status: '',
    source: 'flyd',
    timestamp: 0,
    ...(exit ? { request: { exit_event: exit, restart_count } } : {}),
  })
  const report = (state: MachineState, checks: readonly Partial<CheckStatus>[] = [], events: readonly MachineEvent[] = []) =>
    ({ observed: { state, checks, instanceId: version }, events }) as unknown as MachineReport
  const judge = (given: MachineReport, config: MachineConfig = web, startedForMs = 0) => judgeMachine(given, version, config, startedForMs)

  test('wait for the new version, for started and for every check', () => {
    assert.equal(judgeMachine(report('started'), 'other' as InstanceId, web, 0).kind, 'waiting')
    assert.deepEqual(judge(report('starting')), { kind: 'waiting', for: 'started (it is starting)' })
    assert.deepEqual(judge(report('started')), { kind: 'waiting', for: `check ${checkName} (no result yet)` })
    const critical = judge(report('started', [{ name: checkName, status: 'critical', output: 'refused' }]))
    assert.deepEqual(critical, { kind: 'waiting', for: `check ${checkName} (critical: refused)` })
    assert.deepEqual(judge(report('started', [{ name: checkName, status: 'passing', output: '' }])), { kind: 'passed' })
  })
  test('without checks let a machine pass that stays up', () => {
    assert.equal(judge(report('started'), { image: 'x' }, smokeMs - 1).kind, 'waiting')
    assert.equal(judge(report('started'), { image: 'x' }, smokeMs).kind, 'passed')
  })
  test('fail a program that keeps ending or has given up, but not one that was stopped for the update', () => {
    assert.equal(judge(report('stopped', [], [event('exit', exitEvent(1))])).kind, 'failed')
    assert.equal(judge(report('starting', [], [event('start'), event('exit', exitEvent(1), 2)])).kind, 'failed')
    assert.equal(judge(report('starting', [], [event('start'), event('exit', exitEvent(1), 1)])).kind, 'waiting')
    assert.equal(judge(report('starting', [], [event('start'), event('update'), event('exit', exitEvent(1), 5)])).kind, 'waiting')
    assert.equal(judge(report('stopped', [], [event('exit', exitEvent(143, true))])).kind, 'waiting')
    assert.equal(judge(report('failed')).kind, 'failed')
  })
  test('take a job that ended well as passed, and a server that ended as failed', () => {
    const ended = report('stopped', [], [event('exit', exitEvent(0))])
    assert.equal(judge(ended, { image: 'x' }).kind, 'passed')
    assert.equal(judge(ended).kind, 'failed')
  })
})
