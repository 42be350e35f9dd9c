import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { ulid, type MachineId } from '../model/ids.ts'
import { addressPool } from './addresses/address-pool.ts'
import { acceptsConnection } from './checks/accepts-connection.ts'
import { openCheckRunner } from './checks/check-runner.ts'
import { probe } from './checks/probe.ts'
import { openPortWatch } from './checks/port-watch.ts'
import { openDrains } from './edge-api/drains.ts'
import { edgeHandler } from './edge-api/edge-http.ts'
import { openEdgeSessions, stateMessage } from './edge-api/edge-sessions.ts'
import { openWakes } from './edge-api/wakes.ts'
import type { HostDeps, HostOptions, HostRole } from './host-role.ts'
import { adopt, adoptionOf } from './machines/adoption.ts'
import { machineCreator } from './machines/create-machine.ts'
import { openForgetter } from './machines/forget-destroyed.ts'
import { hostCommands } from './machines/host-commands.ts'
import type { HostCore } from './machines/host-core.ts'
import { openJournal } from './machines/journal.ts'
import { Machine } from './machines/machine.ts'
import type { MachineContext } from './machines/machine-context.ts'
import { openMachineSecrets } from './machines/machine-secrets.ts'
import { sequenced } from './machines/machine-step.ts'
import { carryOutOrder } from './publish/carry-out-order.ts'
import { openOrderReader } from './publish/order-reader.ts'
import { openPublisher } from './publish/publisher.ts'
import type { RunExit, RunHandle } from './runtime/runtime-contract.ts'
import { followRuntime } from './runtime-events.ts'
import { openScheduleRunner } from './schedule/schedule-runner.ts'

export type { HostDeps, HostOptions, HostRole } from './host-role.ts'

/**
 * Opens a host: reads its database, adopts what runs, processes what ended meanwhile, and goes on. Needs `db` and `runtime`; the platform's store may be
 * away. Faults: store_unavailable when the host's own database does not answer.
 */
export async function openHost(deps: HostDeps, options: HostOptions): Promise<HostRole> {
  await using opened = new AsyncDisposableStack()
  const { clock, random, log, runtime, logs } = deps
  const machines = new Map<MachineId, Machine>()
  const newId = () => ulid(clock.now(), random)
  const rows = () => [...machines.values()].map((machine) => machine.row)
  const pool = addressPool(options.addressRange, options.record)
  const journal = opened.use(openJournal({ db: deps.db, clock, log }))
  const publisher = opened.use(openPublisher({ store: deps.store, host: options.record.id, clock, log, rowOf: (id) => machines.get(id)?.row }))
  const sessions = opened.use(openEdgeSessions({ host: options.record.id, bootId: newId(), clock, rows }))
  const checks = opened.use(
    openCheckRunner({
      clock,
      probe,
      fraction: () => (random(1)[0] ?? 0) / 256,
      report: (id, runId, statuses) =>
        void machines.get(id)?.adjust((row) => (row.run?.runId === runId && row.state === 'started' ? { ...row, checks: statuses } : undefined)),
    }),
  )
  const ports = opened.use(openPortWatch({ clock, log, accepts: acceptsConnection, opened: (id, runId) => machines.get(id)?.opened(runId) }))
  const events = opened.use(followRuntime({ runtime, machineOf: (id) => machines.get(id), machines: () => machines.values(), clock, log }))
  const context: MachineContext = {
    runtime,
    secrets: openMachineSecrets({ source: deps.secrets, desired: () => rows().map((row) => row.desired), clock, log }),
    journal,
    logs,
    clock,
    random,
    log,
    runtimeReady: events.ready,
    onChange(_machine, before, after) {
      sessions.send(stateMessage(after))
      publisher.note(after.desired.id, after.desired.app)
      if (before.state !== after.state || before.run?.runId !== after.run?.runId || before.desired !== after.desired) {
        checks.follow(after)
        ports.follow(after)
      }
    },
  }
  const core: HostCore = { options, context, machines, pool, publisher, openedAtMs: clock.now() }

  const orphans = await adoptMachines(core)
  await sweepLeftovers(core, orphans)
  opened.defer(async () => {
    for (const machine of machines.values()) machine[Symbol.dispose]()
    await Promise.all([...machines.values()].map((machine) => machine.idle()))
  })
  const drains = openDrains({ sessions, edges: options.edges })
  const create = machineCreator(core)
  const port = hostCommands(core, drains, create)
  opened.use(openScheduleRunner({ clock, machines: () => machines.values() }))
  const orders = opened.use(
    openOrderReader(
      { store: deps.store, host: options.record.id, clock, log },
      (order, lastSeen) => carryOutOrder(core, create, order, lastSeen),
      (isOrdered) => {
        publisher.sweep(isOrdered)
        void endOrphans(core, orphans)
      },
      (id, app) => {
        if (!machines.has(id)) publisher.note(id, app)
      },
    ),
  )
  opened.use(openForgetter(core, (machine) => orders.isOrdered(machine.id)))
  void armMachines(core)

  const handle = edgeHandler({ sessions, wakes: openWakes(core, drains), drains, logs, log, newRequestId: newId })
  const owned = opened.move()
  return {
    port,
    handle,
    async listen(socketPath) {
      const server = createServer(handle)
      await listenPrivately(server, socketPath)
      owned.defer(async () => {
        sessions[Symbol.dispose]()
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
      })
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Reads all machines and brings each in line with what the runtime knows; returns the runs of machines that are not recorded. */
async function adoptMachines(core: HostCore): Promise<readonly RunHandle[]> {
  const { context, machines } = core
  const nowMs = context.clock.now()
  for (const row of await context.journal.load()) {
    core.pool.hold(row.endpoint)
    machines.set(row.desired.id, new Machine(context, sequenced({ ...row, draining: false }, nowMs)))
  }
  const { running, exits } = await knownRuns(context)
  const recorded = new Set([...machines.values()].map((machine) => machine.row.run?.runId))
  for (const machine of machines.values()) {
    const { row } = machine
    context.onChange(machine, { ...row, state: 'created' }, row)
    const adoption = adoptionOf(row, { running: running.get(machine.id), exit: row.run && exits.get(row.run.runId) }, nowMs)
    if (adoption.type !== 'keep') context.log.info('machine adopted', { machine: machine.id, state: row.state, by: adoption.type })
    await adopt(machine, adoption)
  }
  for (const { runId } of exits.values()) {
    if (recorded.has(runId)) continue
    context.runtime.acknowledgeExit(runId).catch((error: unknown) => context.log.warn('exit not acknowledged', { runId, error }))
  }
  return [...running.values()].filter((handle) => !machines.has(handle.machine))
}

/** What the runtime runs, by machine, and what ended, by run; a run that ends while we ask has ended. */
async function knownRuns({ runtime }: MachineContext) {
  const exits = new Map<string, RunExit>()
  using _listener = runtime.onEvent((event) => {
    if (event.type === 'exit') exits.set(event.exit.runId, event.exit)
  })
  const found = await runtime.adopt()
  for (const exit of found.exits) exits.set(exit.runId, exit)
  return { running: new Map(found.running.filter((handle) => !exits.has(handle.runId)).map((handle) => [handle.machine, handle])), exits }
}

/** Runs that no record speaks of, now that the orders are read: nobody could ever end them but us. */
async function endOrphans({ context, machines }: HostCore, orphans: readonly RunHandle[]): Promise<void> {
  for (const handle of orphans) {
    const machine = machines.get(handle.machine)
    if (machine?.row.run?.runId === handle.runId) continue
    context.log.warn('a run without a record is ended', { machine: handle.machine, runId: handle.runId })
    try {
      await context.runtime.stop(handle.machine, handle.runId, { signal: 'SIGTERM', timeoutMs: 5_000 })
      if (machine === undefined) await context.runtime.remove(handle.machine)
    } catch (error) {
      context.log.warn('a run without a record could not be ended', { machine: handle.machine, error })
    }
  }
}

/** Before anything is made anew: what a crash between making and recording left, and bundles of releases that no machine has any more. */
async function sweepLeftovers({ context, machines }: HostCore, orphans: readonly RunHandle[]): Promise<void> {
  const live = [...machines.values()].map(({ row }) => row).filter((row) => row.state !== 'destroyed')
  const kept = [...live.map((row) => row.desired.id), ...orphans.map((orphan) => orphan.machine)]
  try {
    await context.runtime.sweep({ machines: new Set(kept), images: new Set(live.map((row) => row.desired.config.image)) })
  } catch (error) {
    context.log.warn('leftovers not removed', { error })
  }
}

/** A sleeping machine wakes faster when its files lie ready; done beside everything else. */
async function armMachines({ context, machines }: HostCore): Promise<void> {
  for (const machine of Array.from(machines.values())) {
    if (machine.isClosed || machine.row.state === 'destroyed' || machine.row.state === 'destroying') continue
    try {
      await machine.prepare()
    } catch (error) {
      context.log.warn('machine not prepared for its next start', { machine: machine.id, error })
    }
  }
}

async function listenPrivately(server: Server, socketPath: string): Promise<void> {
  await rm(socketPath, { force: true })
  server.listen(socketPath)
  await once(server, 'listening')
  await chmod(socketPath, 0o600)
}
