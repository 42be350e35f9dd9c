import { randomBytes } from 'node:crypto'
import { fault } from '../../../src/model/fault/fault.ts'
import type { HostRecord } from '../../../src/model/host.ts'
import { newLeaseNonce, parseHostId, type InstanceId, type MachineId } from '../../../src/model/ids.ts'
import type { MachineConfig } from '../../../src/model/machine/machine-config.ts'
import type { CheckStatus, ExitEvent, MachineEvent, MachineLease, MachineReport } from '../../../src/model/machine/machine-record.ts'
import { isSettled, type MachineState } from '../../../src/model/machine/machine-state.ts'
import { knownRegions } from '../../../src/model/region/region-catalogue.ts'
import { checksOf } from '../../../src/model/service/service.ts'
import type { Guard, HostPort, MachineOrder, MachineReply } from '../../../src/protocol/host-port.ts'
import type { LogLine } from '../../../src/protocol/log-line.ts'
import type { Store } from '../../../src/store/contract.ts'
import { keys } from '../../../src/store/keys.ts'

interface FakeMachine {
  order: MachineOrder['desired']
  config: MachineConfig
  state: MachineState
  seq: number
  cordoned: boolean
  checks: CheckStatus[]
  events: MachineEvent[]
  lease: MachineLease | undefined
  versions: { version: InstanceId; user_config: MachineConfig }[]
}

/** A host in memory that follows the contract at once: no processes, but the same answers, refusals and published copies. */
export class FakeHost {
  readonly record: HostRecord
  readonly machines = new Map<MachineId, FakeMachine>()
  readonly calls: string[] = []
  readonly lines: LogLine[] = []
  isReachable = true
  /** Called before an order is carried out; throws to refuse it. */
  onOrder: (call: string, id: MachineId) => void | Promise<void> = () => {}
  /** What the checks of a machine with this config say as soon as it is started. */
  checkResult: (config: MachineConfig) => CheckStatus['status'] = () => 'passing'
  /** Whether a machine with this config stays up; else it ends with code 1 at once. */
  survives: (config: MachineConfig) => boolean = () => true
  /** The code with which a program of this config ends at once; those of release commands and machine checks do. */
  endsWith: (config: MachineConfig) => number | undefined = (config) =>
    config.metadata?.['fly_process_group']?.startsWith('fly_app_') ? 0 : undefined
  drainResult: 'stopped' | 'busy' | 'cancelled' = 'stopped'
  readonly #store: Store
  readonly #waiters = new Set<() => void>()
  #eventCount = 0

  constructor(store: Store, region: string) {
    this.#store = store
    const found = knownRegions.find((known) => known.code === region)!
    this.record = {
      schema: 1,
      id: parseHostId(region),
      region: found,
      runtime: 'process',
      address: `unix:/nowhere/${region}.sock`,
      edgeListen: ['127.0.0.1:8080'],
      createdAt: '2026-01-01T00:00:00.000Z',
    }
  }

  readonly port: HostPort = {
    hostId: undefined as never,
    region: undefined as never,
    createMachine: (order) => this.#create(order),
    updateMachine: async (order, guard) => {
      const machine = await this.#guarded('update', order.desired.id, guard)
      if (machine.order.instanceId === order.desired.instanceId) return this.#publish(machine)
      const isRunning = machine.state === 'started'
      machine.order = order.desired
      machine.config = order.desired.config
      machine.versions.unshift({ version: order.desired.instanceId, user_config: order.desired.config })
      this.#event(machine, 'update', 'replaced')
      return isRunning && order.start ? this.#run(machine) : this.#publish(machine)
    },
    destroyMachine: async (id, { force, ...guard }) => {
      const machine = await this.#guarded('destroy', id, guard)
      if (machine.state === 'started' && !force) {
        throw fault('machine_state', { id, state: machine.state, action: 'destroy', allowed: ['stopped'] })
      }
      machine.state = 'destroyed'
      this.#event(machine, 'destroy', 'destroyed')
      return this.#publish(machine)
    },
    startMachine: async (id, guard) => {
      const machine = await this.#guarded('start', id, guard)
      const previousState = machine.state
      return { ...(await this.#run(machine)), previousState }
    },
    stopMachine: async (id, guard) => this.#to(await this.#guarded('stop', id, guard), 'stopped', 'stop'),
    suspendMachine: async (id, guard) => this.#to(await this.#guarded('suspend', id, guard), 'suspended', 'suspend'),
    restartMachine: async (id, guard) => this.#run(await this.#guarded('restart', id, guard)),
    signalMachine: async (id, guard) => void (await this.#guarded('signal', id, guard)),
    cordonMachine: async (id, { cordoned, ...guard }) => {
      const machine = await this.#guarded(cordoned ? 'cordon' : 'uncordon', id, guard)
      machine.cordoned = cordoned
      return this.#publish(machine)
    },
    setMetadata: async (id, change, guard) => {
      const machine = await this.#guarded('metadata', id, guard)
      const metadata: Record<string, string> = { ...machine.config.metadata }
      for (const [name, value] of Object.entries(change)) {
        if (value === null) delete metadata[name]
        else metadata[name] = value
      }
      machine.config = { ...machine.config, metadata }
      return this.#publish(machine)
    },
    execMachine: async (id, options) => {
      this.#find(id)
      return { exit_code: 3, exit_signal: 0, stdout: JSON.stringify(options.argv), stderr: options.stdin ?? '' }
    },
    waitMachine: async (id, options) => {
      const deadline = AbortSignal.any([AbortSignal.timeout(options.timeoutMs), ...(options.signal ? [options.signal] : [])])
      for (;;) {
        const machine = this.#find(id)
        const isThere = options.states.some((state) => (state === 'settled' ? isSettled(machine.state) : state === machine.state))
        if (isThere) return this.#report(machine)
        if (deadline.aborted) throw fault('wait_timeout', { id, state: machine.state, wanted: options.states.join(), afterMs: options.timeoutMs })
        await new Promise<void>((resolve) => {
          const go = () => {
            this.#waiters.delete(go)
            resolve()
          }
          this.#waiters.add(go)
          deadline.addEventListener('abort', go, { once: true })
        })
      }
    },
    acquireLease: async (id, options) => {
      const machine = this.#find(id)
      if (machine.lease && machine.lease.nonce !== options.nonce) throw leaseHeld(id, machine.lease)
      machine.lease = {
        nonce: machine.lease?.nonce ?? newLeaseNonce(randomBytes),
        owner: options.owner,
        description: options.description,
        expiresAt: Math.floor((Date.now() + options.ttlMs) / 1000),
        version: machine.order.instanceId,
      }
      return machine.lease
    },
    getLease: async (id) => {
      const { lease } = this.#find(id)
      if (lease === undefined) throw fault('lease_not_found', { id })
      return lease
    },
    releaseLease: async (id, nonce) => {
      const machine = this.#find(id)
      if (machine.lease === undefined) throw fault('lease_not_found', { id })
      if (machine.lease.nonce !== nonce) throw leaseHeld(id, machine.lease)
      machine.lease = undefined
    },
    getMachine: async (id) => this.#report(this.#find(id)),
    listMachines: async (app) => {
      this.#answer()
      return [...this.machines.values()].filter((machine) => app === undefined || machine.order.app === app).map((machine) => this.#report(machine))
    },
    versions: async (id) => this.#find(id).versions,
    processes: async (id) => {
      this.#find(id)
      const process = { stime: 0, rtime: 0, command: 'node', directory: '/', cpu: 0, rss: 1, listen_sockets: [] }
      return [
        { ...process, pid: 8 },
        { ...process, pid: 7 },
      ]
    },
    drainMachine: async (id, options) => {
      const machine = this.#find(id)
      this.calls.push(`drain ${id} ${options.mode}`)
      await this.onOrder('drain', id)
      if (this.drainResult === 'stopped') await this.#to(machine, options.mode === 'suspend' ? 'suspended' : 'stopped', 'stop')
      return this.drainResult
    },
    readLogs: async (query) => {
      this.#answer()
      const wanted = this.lines.filter(
        (line) =>
          line.app === query.app &&
          (query.machine === undefined || line.machine === query.machine) &&
          (query.after === undefined || line.id > query.after),
      )
      return query.after === undefined ? wanted.slice(-query.limit) : wanted.slice(0, query.limit)
    },
    followLogs: (query, signal) => this.#follow(query.app, query.after ?? '', signal),
  }

  /** Appends to the app's log and wakes those who follow it. */
  log(line: LogLine): void {
    this.lines.push(line)
    this.#wakeWaiters()
  }

  /** Ends a machine's program by itself. */
  async exit(id: MachineId, exitCode: number): Promise<void> {
    const machine = this.machines.get(id)!
    machine.state = 'stopped'
    this.#event(machine, 'exit', 'stopped', exitEvent(exitCode, false))
    await this.#publish(machine)
  }

  async *#follow(app: string, after: string, signal: AbortSignal): AsyncGenerator<LogLine> {
    let last = after
    while (!signal.aborted) {
      const fresh = this.lines.filter((line) => line.app === app && line.id > last)
      for (const line of fresh) yield line
      last = fresh.at(-1)?.id ?? last
      if (fresh.length > 0) continue
      await new Promise<void>((resolve) => {
        this.#waiters.add(resolve)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  async #create(order: MachineOrder): Promise<MachineReply> {
    this.#answer()
    this.calls.push(`create ${order.desired.id}`)
    await this.onOrder('create', order.desired.id)
    const known = this.machines.get(order.desired.id)
    if (known) return this.#publish(known)
    const machine: FakeMachine = {
      order: order.desired,
      config: order.desired.config,
      state: 'created',
      seq: 0,
      cordoned: order.cordoned ?? false,
      checks: [],
      events: [],
      lease: undefined,
      versions: [{ version: order.desired.instanceId, user_config: order.desired.config }],
    }
    this.machines.set(order.desired.id, machine)
    this.#event(machine, 'launch', 'created')
    if (order.leaseTtlMs) await this.port.acquireLease(order.desired.id, { ttlMs: order.leaseTtlMs, owner: order.leaseOwner ?? '', description: '' })
    return order.start ? this.#run(machine) : this.#publish(machine)
  }

  async #run(machine: FakeMachine): Promise<MachineReply> {
    machine.state = 'started'
    this.#event(machine, 'start', 'started')
    const updatedAt = new Date().toISOString()
    machine.checks = checksOf(machine.config).map((check) => {
      const status = this.checkResult(machine.config)
      const { servicePort } = check
      return {
        name: check.name,
        status,
        output: status === 'passing' ? '200 OK' : 'connect refused',
        updatedAt,
        ...(servicePort ? { servicePort } : {}),
      }
    })
    const code = this.endsWith(machine.config)
    if (code !== undefined) {
      machine.state = 'stopped'
      this.#event(machine, 'exit', 'stopped', exitEvent(code, false))
    }
    if (!this.survives(machine.config)) {
      machine.state = 'stopped'
      this.#event(machine, 'exit', 'stopped', exitEvent(1, false), 2)
    }
    return this.#publish(machine)
  }

  async #to(machine: FakeMachine, state: MachineState, type: MachineEvent['type']): Promise<MachineReply> {
    if (state === 'suspended' && machine.state !== 'started' && machine.state !== 'suspended') {
      throw fault('machine_state', { id: machine.order.id, state: machine.state, action: 'suspend', allowed: ['started'] })
    }
    machine.state = state
    this.#event(machine, type, state)
    return this.#publish(machine)
  }

  async #guarded(call: string, id: MachineId, guard: Guard): Promise<FakeMachine> {
    const machine = this.#find(id)
    this.calls.push(`${call} ${id}`)
    await this.onOrder(call, id)
    if (machine.lease && machine.lease.nonce !== guard.nonce) throw leaseHeld(id, machine.lease)
    return machine
  }

  #answer(): void {
    if (!this.isReachable) throw fault('host_unreachable', { host: this.record.id, reason: 'test' })
  }

  #find(id: MachineId): FakeMachine {
    this.#answer()
    const machine = this.machines.get(id)
    if (machine === undefined) throw fault('machine_not_found', { id })
    return machine
  }

  #event(machine: FakeMachine, type: MachineEvent['type'], status: string, exit?: ExitEvent, restartCount = 0): void {
    const id = String(++this.#eventCount).padStart(26, '0')
    const request = exit ? { request: { exit_event: exit, restart_count: restartCount } } : {}
    machine.events.unshift({ id, type, status, source: 'user', timestamp: Date.now(), ...request })
  }

  #report(machine: FakeMachine): MachineReport {
    const { order } = machine
    const { id, org, app, region, host, instanceId } = order
    const { state, seq, cordoned, checks } = machine
    const endpoint = { address: '127.1.2.3' }
    const updatedAt = new Date().toISOString()
    return {
      observed: { schema: 1, id, org, app, region, host, instanceId, state, seq, draining: false, cordoned, endpoint, checks, updatedAt },
      name: order.name,
      version: order.version,
      config: machine.config,
      createdAt: order.createdAt,
      events: machine.events,
      ...(machine.lease ? { lease: machine.lease } : {}),
    }
  }

  async #publish(machine: FakeMachine): Promise<MachineReply> {
    machine.seq++
    const report = this.#report(machine)
    const { app, id } = report.observed
    const { revision } = await this.#store.transact(
      {
        compare: [],
        then: [
          { op: 'put', key: keys.observed(app, id), value: JSON.stringify(report.observed) },
          { op: 'put', key: keys.events(app, id), value: JSON.stringify(report.events) },
        ],
      },
      { durability: 'buffered' },
    )
    this.#wakeWaiters()
    return { report, publishedRevision: revision }
  }

  #wakeWaiters(): void {
    for (const wake of this.#waiters) wake()
    this.#waiters.clear()
  }
}

const leaseHeld = (id: MachineId, lease: MachineLease) =>
  fault('lease_held', { id, owner: lease.owner, expiresAt: new Date(lease.expiresAt * 1000).toISOString() })
const exitEvent = (exitCode: number, isRequested: boolean): ExitEvent => ({
  exit_code: exitCode,
  guest_exit_code: exitCode,
  guest_signal: -1,
  signal: -1,
  oom_killed: false,
  requested_stop: isRequested,
  restarting: false,
  exited_at: new Date().toISOString(),
})
