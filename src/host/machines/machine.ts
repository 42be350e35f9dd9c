import { fault, isFault } from '../../model/fault/fault.ts'
import { ulid, type LeaseNonce, type MachineId } from '../../model/ids.ts'
import { checkLease } from '../../model/machine/machine-lease.ts'
import type { Effect, LifecycleEvent } from '../../model/machine/machine-lifecycle.ts'
import type { MachineEvent } from '../../model/machine/machine-record.ts'
import type { MachineState } from '../../model/machine/machine-state.ts'
import type { RunExit, RunHandle } from '../runtime/runtime-contract.ts'
import { stepExit, type ExitCircumstances } from './exit-step.ts'
import type { MachineContext } from './machine-context.ts'
import { performEffect } from './machine-effects.ts'
import type { MachineRow } from './machine-row.ts'
import { noted, stepMachine, touched, type StepOptions } from './machine-step.ts'
import { runSpecOf } from './run-spec.ts'

export interface CommandOptions {
  readonly action: string
  readonly type: MachineEvent['type']
  readonly source: MachineEvent['source']
  /** Undefined: no lease stands in the way (facts, wakes, the host's own decisions). */
  readonly guard?: { readonly nonce: LeaseNonce | undefined }
}
export type ChangeListener = (before: MachineRow, after: MachineRow) => void

/**
 * One machine: its row, and the queue in which commands and facts change it one after the other. A command is durable before its effects begin;
 * a wake and a fact hold at once and are written beside (a keeper knows better what runs than any record).
 */
export class Machine implements Disposable {
  readonly id: MachineId
  readonly context: MachineContext
  #row: MachineRow
  #tail: Promise<unknown> = Promise.resolve()
  #prepared: { readonly instanceId: string; readonly done: Promise<void> } | undefined
  #backOff: Disposable | undefined
  #isClosed = false
  readonly #listeners = new Set<ChangeListener>()
  /** The spawn under way: an end waits for it. */
  spawning: Promise<void> = Promise.resolve()

  constructor(context: MachineContext, row: MachineRow) {
    this.context = context
    this.id = row.desired.id
    this.#row = row
  }

  get row(): MachineRow {
    return this.#row
  }
  get isClosed(): boolean {
    return this.#isClosed
  }

  onChange(listener: ChangeListener): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) }
  }

  /** Lays ready what the next start of the current version needs, so that a start only starts. */
  prepare(): Promise<void> {
    const { desired, endpoint } = this.#row
    if (this.#prepared?.instanceId !== desired.instanceId) {
      const { runtime, secrets } = this.context
      const done = Promise.all([runtime.prepare(runSpecOf(desired, endpoint)), secrets.prepare(desired)]).then(() => undefined)
      const prepared = { instanceId: desired.instanceId, done }
      this.#prepared = prepared
      done.catch(() => {
        if (this.#prepared === prepared) this.#prepared = undefined
      })
    }
    return this.#prepared?.done ?? Promise.resolve()
  }
  notePrepared(instanceId: string): void {
    this.#prepared = { instanceId, done: Promise.resolve() }
  }
  /** A start has used what was laid ready. */
  noteUsed(): void {
    this.#prepared = undefined
  }

  /** A durable command. `prepareRow` lays the command's own changes (a new config, how to stop) under the step. Faults machine_state, lease_held. */
  command(event: LifecycleEvent, options: CommandOptions, prepareRow: (row: MachineRow) => MachineRow = (row) => row): Promise<MachineRow> {
    return this.#enqueue(async () => {
      this.#guard(options)
      const base = prepareRow(this.#row)
      const { row, effects } = stepMachine(base, event, this.#stepOptions(options))
      if (row === this.#row) return row
      await this.#commit(row === base ? noted(row, this.#stepOptions(options)) : row, base.desired.instanceId !== this.#row.desired.instanceId)
      this.#perform(effects)
      return this.#row
    })
  }

  /** A durable change that is no step of the lifecycle: metadata, lease, cordon. `undefined` from `change`: nothing to do. */
  amend(guard: CommandOptions['guard'], change: (row: MachineRow) => MachineRow | undefined): Promise<MachineRow> {
    return this.#enqueue(async () => {
      if (guard) checkLease(this.id, this.#row.lease, guard.nonce, this.context.clock.now())
      const row = change(this.#row)
      if (row !== undefined) await this.#commit(row, false)
      return this.#row
    })
  }

  /** A start or a resume: begins before anything is on disk. */
  start(options: CommandOptions): Promise<{ readonly row: MachineRow; readonly previousState: MachineState }> {
    return this.#enqueue(async () => {
      this.#guard(options)
      const previousState = this.#row.state
      const base: MachineRow = previousState === 'suspended' ? this.#row : { ...this.#row, restartsMs: [], restartCount: 0 }
      const { row, effects } = stepMachine(base, { type: 'start' }, this.#stepOptions(options))
      if (row === base) return { row: this.#row, previousState }
      this.runnerLog(previousState === 'suspended' ? 'Resuming machine' : 'Starting machine')
      void this.#hold(row, 'buffered', () => this.#perform(effects))
      return { row, previousState }
    })
  }

  /** A fact about the run `runId`; facts about other runs are late and change nothing. */
  fact(
    runId: string | undefined,
    event: LifecycleEvent,
    type: MachineEvent['type'],
    change: (row: MachineRow) => MachineRow = (row) => row,
    /** Of the effect back_off. */
    delayMs = 0,
  ): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#row.run?.runId !== runId) return
      const base = change(this.#row)
      const { row, effects } = stepMachine(base, event, this.#stepOptions({ action: event.type, type, source: 'flyd' }))
      if (row === this.#row) return
      void this.#hold(row, event.type === 'removed' ? 'durable' : 'buffered')
      this.#perform(effects, delayMs)
    })
  }

  spawned(handle: RunHandle): Promise<void> {
    return this.fact(handle.runId, { type: 'spawned' }, 'start', (row) => ({
      ...row,
      hasLaunched: true,
      run: { runId: handle.runId, orderedAtMs: row.run?.orderedAtMs ?? handle.startedAtMs, startedAtMs: handle.startedAtMs },
    }))
  }

  /** A run is gone; it is acknowledged to the runtime once that is on disk. */
  exited(exit: RunExit, circumstances: ExitCircumstances): Promise<void> {
    return this.#enqueue(async () => {
      const { row } = this
      // A loss that the host itself concludes has no record at the runtime.
      const isReported = !circumstances.isHostLoss || exit.cause === 'shutdown'
      const acknowledge = async () => {
        if (isReported) await this.context.runtime.acknowledgeExit(exit.runId)
      }
      if (row.run?.runId !== exit.runId) {
        await acknowledge()
        return
      }
      const step = stepExit(row, exit, circumstances, this.#stepOptions({ action: 'exit', type: 'exit', source: 'flyd' }))
      this.runnerLog(step.message, step.level)
      const written = this.#hold(step.row, 'durable')
      this.#perform(step.effects, step.delayMs)
      if (step.row.state === 'stopped' || step.row.state === 'restarting') this.#armNext()
      void written.then(acknowledge).catch((error: unknown) => this.context.log.warn('exit not acknowledged', { machine: this.id, error }))
    })
  }

  /** A change that only this host makes (checks, draining): holds at once. */
  adjust(change: (row: MachineRow) => MachineRow | undefined): Promise<MachineRow> {
    return this.#enqueue(async () => {
      const row = change(this.#row)
      if (row !== undefined) void this.#hold(touched(row, this.context.clock.now()), 'buffered')
      return this.#row
    })
  }

  /** The run's ports accept: edges may send requests. */
  opened(runId: string | undefined): Promise<MachineRow> {
    return this.adjust((row) => (row.run?.runId === runId && row.isOpen === false ? { ...row, isOpen: true } : undefined))
  }

  /** Does again what a crash may have cut off. */
  performAgain(effects: readonly Effect[]): void {
    this.#perform(effects)
  }

  runnerLog(message: string, level: 'info' | 'warn' | 'error' = 'info'): void {
    this.context.logs.append({ app: this.#row.desired.app, machine: this.id, provider: 'runner', level, message })
  }

  /** Resolves when what was asked so far is done and written. */
  async idle(): Promise<void> {
    await this.#tail.catch(() => undefined)
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#backOff?.[Symbol.dispose]()
    this.#listeners.clear()
  }

  #enqueue<Result>(task: () => Promise<Result>): Promise<Result> {
    const run = this.#tail.then(task)
    this.#tail = run.catch(() => undefined)
    return run
  }
  #guard(options: CommandOptions): void {
    if (options.guard) checkLease(this.id, this.#row.lease, options.guard.nonce, this.context.clock.now())
  }
  #stepOptions(options: CommandOptions): StepOptions {
    const nowMs = this.context.clock.now()
    return { action: options.action, type: options.type, source: options.source, nowMs, newId: () => ulid(nowMs, this.context.random) }
  }
  async #commit(row: MachineRow, newVersion: boolean): Promise<void> {
    try {
      await this.context.journal.saveDurably(row, { newVersion })
    } catch (error) {
      void this.context.journal.save(this.#row, 'buffered')
      throw isFault(error) ? error : fault('store_unavailable', { reason: 'the host’s database' }, error)
    }
    this.#set(row)
  }
  #hold(row: MachineRow, durability: 'durable' | 'buffered', first?: () => void): Promise<void> {
    this.#set(row)
    first?.()
    return this.context.journal.save(row, durability)
  }
  #set(row: MachineRow): void {
    const before = this.#row
    this.#row = row
    for (const listener of this.#listeners) listener(before, row)
    this.context.onChange(this, before, row)
  }
  #armNext(): void {
    if (this.#isClosed) return
    this.prepare().catch((error: unknown) => this.context.log.warn('machine not prepared for its next start', { machine: this.id, error }))
  }
  #perform(effects: readonly Effect[], delayMs = 0): void {
    this.#backOff?.[Symbol.dispose]()
    this.#backOff = undefined
    for (const effect of effects) {
      if (effect === 'back_off') {
        this.#backOff = this.context.clock.timer(delayMs, () => void this.fact(undefined, { type: 'back_off_over' }, 'restart'))
      } else performEffect(this, effect)
    }
  }
}
