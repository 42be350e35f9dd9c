import { fault } from '../../model/fault/fault.ts'
import { newLeaseNonce, ulid } from '../../model/ids.ts'
import { liveLease, takeLease } from '../../model/machine/machine-lease.ts'
import { signalName, stopConfigOf } from '../../model/machine/stop-config.ts'
import type { Guard, HostPort, MachineReply, StopOptions } from '../../protocol/host-port.ts'
import type { Drains } from '../edge-api/drains.ts'
import type { MachineCreator } from './create-machine.ts'
import { machineOf, type HostCore } from './host-core.ts'
import { listProcesses } from './list-processes.ts'
import type { Machine } from './machine.ts'
import { reportOf, type MachineRow } from './machine-row.ts'
import { noted } from './machine-step.ts'
import { runSpecOf } from './run-spec.ts'
import { updateMachine, withMetadata } from './update-machine.ts'
import { passed, waitMachine } from './wait-machine.ts'

/** How long an answer waits for the published copy, so that who reads the store next sees what it just did. */
const publishWaitMs = 1_000
/** How long a start waits for a stop under way; a program that takes longer to end is no longer waited for (fault machine_state). */
const startWaitMs = 30_000

/** The host's use cases, one method each. */
export function hostCommands(core: HostCore, drains: Drains, create: MachineCreator): HostPort {
  const { context, options, publisher } = core
  const { clock, logs, runtime } = context

  const reply = async (machine: Machine): Promise<MachineReply> => {
    const publishedRevision = await publisher.published(machine.id, machine.row.seq, publishWaitMs)
    return { report: reportOf(machine.row, clock.now()), ...(publishedRevision === undefined ? {} : { publishedRevision }) }
  }
  const command = (guard: Guard, action: 'start' | 'stop' | 'suspend' | 'restart' | 'destroy' | 'signal' | 'exec') => ({
    action,
    type: action === 'signal' || action === 'exec' ? ('start' as const) : action,
    source: guard.source ?? ('user' as const),
    guard: { nonce: guard.nonce },
  })
  const endingBy = (asked: StopOptions) => (row: MachineRow) =>
    row.run === undefined ? row : { ...row, stop: stopConfigOf(row.desired.config, asked) }
  /** The run of a machine that must be started for `action`; checks the lease without changing anything. */
  const runningOf = async (machine: Machine, guard: Guard, action: string) => {
    const row = await machine.amend({ nonce: guard.nonce }, () => undefined)
    if (row.state !== 'started' || row.run === undefined) {
      throw fault('machine_state', { id: machine.id, state: row.state, action, allowed: ['started'] })
    }
    return { row, runId: row.run.runId }
  }

  return {
    hostId: options.record.id,
    region: options.record.region,
    async createMachine(order) {
      return await reply(await create(order))
    },
    async updateMachine(order, guard) {
      return await reply(await updateMachine(core, order, guard))
    },
    async destroyMachine(id, given) {
      const machine = machineOf(core, id)
      await machine.command({ type: 'destroy', force: given.force }, command(given, 'destroy'))
      return await reply(machine)
    },
    async startMachine(id, given) {
      const machine = machineOf(core, id)
      await passed(machine, ['stopping', 'suspending'], startWaitMs)
      const { previousState } = await machine.start(command(given, 'start'))
      return { ...(await reply(machine)), previousState }
    },
    async stopMachine(id, given) {
      const machine = machineOf(core, id)
      const isOver = (row: MachineRow) => row.state === 'stopping' || row.state === 'stopped'
      await machine.command({ type: 'stop' }, command(given, 'stop'), (row) => (isOver(row) ? row : endingBy(given)(row)))
      return await reply(machine)
    },
    async suspendMachine(id, given) {
      const machine = machineOf(core, id)
      await machine.command({ type: 'suspend' }, command(given, 'suspend'))
      return await reply(machine)
    },
    async restartMachine(id, given) {
      const machine = machineOf(core, id)
      const asked = given.forceStop === true ? { signal: 'SIGKILL', timeoutMs: 0 } : given
      await machine.command({ type: 'restart' }, command(given, 'restart'), (row) => (row.state === 'restarting' ? row : endingBy(asked)(row)))
      return await reply(machine)
    },
    async signalMachine(id, given) {
      const machine = machineOf(core, id)
      const signal = signalName('signal', given.signal)
      const { runId } = await runningOf(machine, given, 'signal')
      await runtime.signal(id, runId, signal)
    },
    async cordonMachine(id, given) {
      const machine = machineOf(core, id)
      await machine.amend({ nonce: given.nonce }, (row) => {
        if (row.cordoned === given.cordoned) return undefined
        const nowMs = clock.now()
        const type = given.cordoned ? 'cordon' : 'uncordon'
        return noted({ ...row, cordoned: given.cordoned }, { type, source: given.source ?? 'user', nowMs, newId: () => ulid(nowMs, context.random) })
      })
      return await reply(machine)
    },
    async setMetadata(id, change, guard) {
      const machine = machineOf(core, id)
      await machine.amend({ nonce: guard.nonce }, (row) => {
        const merged = Object.entries({ ...row.desired.config.metadata, ...change }).filter(([, value]) => value !== null && value !== '')
        return withMetadata(row, Object.fromEntries(merged) as Record<string, string>, clock.now())
      })
      return await reply(machine)
    },
    async execMachine(id, given) {
      const machine = machineOf(core, id)
      const { row, runId } = await runningOf(machine, given, 'exec')
      const { argv, stdin, timeoutMs } = given
      const spec = runSpecOf(row.desired, row.endpoint, await context.secrets.of(row.desired))
      const result = await runtime.exec(spec, runId, { argv, timeoutMs, ...(stdin === undefined ? {} : { stdin }) })
      return { exit_code: result.exitCode, exit_signal: result.signal, stdout: result.stdout, stderr: result.stderr }
    },
    async waitMachine(id, given) {
      return reportOf(await waitMachine(machineOf(core, id), given), clock.now())
    },
    async acquireLease(id, given) {
      const row = await machineOf(core, id).amend(undefined, (row) => {
        const wish = { ...given, newNonce: newLeaseNonce(context.random), version: row.desired.instanceId }
        return { ...row, lease: takeLease(id, row.lease, wish, clock.now()) }
      })
      if (row.lease === undefined) throw fault('lease_not_found', { id })
      return row.lease
    },
    async getLease(id) {
      const lease = liveLease(machineOf(core, id).row.lease, clock.now())
      if (lease === undefined) throw fault('lease_not_found', { id })
      return lease
    },
    async releaseLease(id, nonce) {
      await machineOf(core, id).amend({ nonce }, (row) => {
        if (liveLease(row.lease, clock.now()) === undefined) throw fault('lease_not_found', { id })
        const { lease: _lease, ...rest } = row
        return rest
      })
    },
    async getMachine(id) {
      return reportOf(machineOf(core, id).row, clock.now())
    },
    async listMachines(app) {
      const rows = [...core.machines.values()].map((machine) => machine.row)
      return rows
        .filter((row) => row.state !== 'destroyed' && (app === undefined || row.desired.app === app))
        .map((row) => reportOf(row, clock.now()))
    },
    async versions(id) {
      return await context.journal.versions(machineOf(core, id).id)
    },
    async processes(id) {
      const { run } = machineOf(core, id).row
      return run === undefined ? [] : await listProcesses(await runtime.pids(id, run.runId), clock.now())
    },
    async drainMachine(id, given) {
      return await drains.drain(machineOf(core, id), given)
    },
    readLogs: (query) => logs.read(query),
    followLogs: (query, signal) => logs.follow(query, signal),
  }
}
