import { Worker } from 'node:worker_threads'
import { fault, type Fault } from '../../model/fault/fault.ts'
import { entryUrl } from '../../kit/entry-url.ts'
import { toFault } from './store-error.ts'
import type { Answers, Call, Request, WatchPush, WorkerOutput } from './worker-protocol.ts'

/** The thread that holds SQLite files open; several stores may share one (a thread costs memory, an fsync of one waits for another's). */
export class SqliteEngine implements AsyncDisposable {
  readonly #worker: Worker
  readonly #waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Fault) => void }>()
  readonly #clients = new Map<number, EngineClient>()
  readonly #exited: Promise<void>
  #outgoing: Call[] = []
  #nextId = 1
  #nextStore = 1
  #end: Fault | undefined
  #isClosing = false
  readonly #lost = Promise.withResolvers<Fault>()
  /** Resolves when the thread ended without having been asked to: nothing that this engine has open answers any more. */
  readonly lost: Promise<Fault> = this.#lost.promise

  constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (output: WorkerOutput) => this.#take(output))
    worker.on('error', (error) => this.#fail(fault('store_unavailable', { reason: `its thread failed: ${String(error)}` }, error)))
    this.#exited = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#fail(fault('store_unavailable', { reason: 'its thread has ended' }))
        resolve()
      })
    })
    // Open stores are no reason to keep a process alive; an unanswered call is.
    worker.unref()
  }

  /** Registers a store; its calls carry the number returned. */
  attach(client: EngineClient): number {
    const store = this.#nextStore++
    this.#clients.set(store, client)
    return store
  }
  detach(store: number): void {
    this.#clients.delete(store)
  }

  /** Sends a request; those of one turn of the event loop travel in one message. Rejects with the fault it met. */
  call<Op extends Request['op']>(store: number, request: Extract<Request, { op: Op }>): Promise<Answers[Op]> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    const id = this.#nextId++
    if (this.#waiting.size === 0) this.#worker.ref()
    if (this.#outgoing.push({ id, store, request }) === 1) queueMicrotask(() => this.#flush())
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (answer) => resolve(answer as Answers[Op]), reject })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true
    this.#fail(fault('store_unavailable', { reason: 'it is closed' }))
    await this.#worker.terminate()
    await this.#exited
  }

  #flush(): void {
    const calls = this.#outgoing
    this.#outgoing = []
    if (this.#end === undefined) this.#worker.postMessage(calls)
  }

  #take({ replies, pushes }: WorkerOutput): void {
    for (const push of pushes) this.#clients.get(push.store)?.push(push)
    for (const reply of replies) {
      const waiting = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      if ('fault' in reply) waiting?.reject(toFault(reply.fault, reply.reason))
      else waiting?.resolve(reply.answer)
    }
    if (this.#waiting.size === 0) this.#worker.unref()
  }

  #fail(error: Fault): void {
    if (this.#end !== undefined) return
    this.#end = error
    if (!this.#isClosing) this.#lost.resolve(error)
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
    for (const client of this.#clients.values()) client.fail(error)
    this.#clients.clear()
  }
}

/** The caller's side of one store. */
export interface EngineClient {
  push(push: WatchPush): void
  /** The thread is gone; nothing more will come. */
  fail(error: Fault): void
}

/** Starts the thread. Dispose it after the stores that use it. */
export function openSqliteEngine(): SqliteEngine {
  const worker = new Worker(entryUrl(import.meta.url, './store-worker.ts'), {
    name: 'kante-store',
    env: {},
    // Flags of the process (--input-type, preloads) are not meant for this thread.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  })
  return new SqliteEngine(worker)
}
