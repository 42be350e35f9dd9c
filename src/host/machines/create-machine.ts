import { fault } from '../../model/fault/fault.ts'
import { newLeaseNonce, ulid, type MachineId } from '../../model/ids.ts'
import { takeLease } from '../../model/machine/machine-lease.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import { parseSchedule } from '../../model/machine/machine-schedule.ts'
import { stopConfigOf } from '../../model/machine/stop-config.ts'
import type { MachineOrder } from '../../protocol/host-port.ts'
import type { RunSpec } from '../runtime/runtime-contract.ts'
import type { HostCore } from './host-core.ts'
import { Machine } from './machine.ts'
import type { MachineRow } from './machine-row.ts'
import { noted, stepMachine } from './machine-step.ts'
import { portsOf, runSpecOf } from './run-spec.ts'

/** Refuses what this host's runtime cannot do and what nothing could. Faults unsupported_by_runtime, invalid_value. */
export function checkConfig(config: MachineConfig, runtime: string): void {
  if (runtime === 'process' && (config.mounts?.length ?? 0) > 0) {
    throw fault('unsupported_by_runtime', { what: 'a mount', runtime, fix: 'use a host whose runtime has volumes: --runtime container' })
  }
  if (typeof config.schedule === 'string' && config.schedule !== '') parseSchedule(config.schedule)
  stopConfigOf(config)
  portsOf(config)
}

/** `isRestored`: the order was accepted before; a bundle that cannot be had just now is no reason to refuse it. */
export type MachineCreator = (order: MachineOrder, options?: { readonly isRestored: boolean }) => Promise<Machine>

/** Makes machines; two orders of one id are one. */
export function machineCreator(core: HostCore): MachineCreator {
  const underWay = new Map<MachineId, Promise<Machine>>()
  return async (order, options = { isRestored: false }) => {
    const { id, instanceId } = order.desired
    const known = core.machines.get(id) ?? (await underWay.get(id))
    if (known !== undefined) {
      const found = known.row.desired.instanceId
      if (found !== instanceId) throw fault('machine_version', { id, expected: instanceId, found })
      if (order.start && known.row.state === 'created') await known.start({ action: 'start', type: 'start', source: 'user' })
      return known
    }
    const making = create(core, order, options.isRestored)
    underWay.set(id, making)
    try {
      return await making
    } finally {
      underWay.delete(id)
    }
  }
}

async function create(core: HostCore, order: MachineOrder, isRestored: boolean): Promise<Machine> {
  const { desired } = order
  const { context } = core
  checkConfig(desired.config, core.options.runtimeName)
  const endpoint = core.pool.take(portsOf(desired.config))
  const nowMs = context.clock.now()
  const newId = () => ulid(nowMs, context.random)
  const born: MachineRow = {
    schema: 1,
    desired,
    state: 'created',
    startsAfter: false,
    seq: 0,
    draining: false,
    cordoned: order.cordoned ?? false,
    endpoint,
    restartsMs: [],
    restartCount: 0,
    hasLaunched: false,
    ...leaseOf(core, order, nowMs),
    checks: [],
    events: [],
    updatedAt: desired.updatedAt,
  }
  try {
    const isPrepared = await prepare(core, runSpecOf(desired, endpoint), isRestored)
    const launched = noted(born, { type: 'launch', source: 'user', nowMs, newId })
    const step = order.start
      ? stepMachine(launched, { type: 'start' }, { action: 'start', type: 'start', source: 'flyd', nowMs, newId })
      : { row: launched, effects: [] }
    await context.journal.saveDurably(step.row, { newVersion: true })
    const machine = new Machine(context, step.row)
    if (isPrepared) machine.notePrepared(desired.instanceId)
    core.machines.set(desired.id, machine)
    if (!order.start) void context.secrets.prepare(desired)
    machine.runnerLog(order.start ? 'Starting machine' : 'Machine created')
    context.onChange(machine, born, step.row)
    machine.performAgain(step.effects)
    return machine
  } catch (error) {
    core.pool.release(endpoint)
    await context.runtime
      .remove(desired.id)
      .catch((cause: unknown) => context.log.warn('refused machine’s files not removed', { machine: desired.id, cause }))
    throw error
  }
}

async function prepare({ context }: HostCore, spec: RunSpec, mayFail: boolean): Promise<boolean> {
  try {
    await context.runtime.prepare(spec)
    return true
  } catch (error) {
    if (!mayFail) throw error
    context.log.warn('restored machine not prepared for its start', { machine: spec.machine, error })
    return false
  }
}

function leaseOf(core: HostCore, order: MachineOrder, nowMs: number): Pick<MachineRow, 'lease'> {
  if (order.leaseTtlMs === undefined) return {}
  const wish = {
    ttlMs: order.leaseTtlMs,
    owner: order.leaseOwner ?? 'unknown',
    description: 'create',
    newNonce: newLeaseNonce(core.context.random),
    version: order.desired.instanceId,
  }
  return { lease: takeLease(order.desired.id, undefined, wish, nowMs) }
}
