import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { prefixRange, type Store, type Transaction } from '../../src/store/contract.ts'

/** Each writes its own sequence of transactions, one after the other. */
export const clients = 8
/** A transaction adds one log key and deletes the one this many before it. */
const logLength = 20

/** The write of a client's turn touches four keys: when it is there in half, `problems` sees it. */
export function writeOf(client: number, sequence: number): Transaction {
  const value = String(sequence)
  return {
    compare: sequence === 1 ? [] : [{ key: `last/${client}`, target: 'value', is: '=', to: String(sequence - 1) }],
    then: [
      { op: 'put', key: `last/${client}`, value },
      { op: 'put', key: `copy/${client}`, value: value.padEnd(1500) },
      { op: 'put', key: `log/${client}/${value.padStart(9, '0')}`, value },
      { op: 'delete', key: `log/${client}/${String(sequence - logLength).padStart(9, '0')}` },
    ],
  }
}

/** The last acknowledged durable sequence of each client. */
export type Ledger = readonly number[]

/** What is wrong with a store, given what had been acknowledged: lost writes and halves. */
export async function problems(store: Store, acknowledged: Ledger): Promise<readonly string[]> {
  const found: string[] = []
  for (let client = 0; client < clients; client += 1) {
    const last = Number((await store.get(`last/${client}`))?.value ?? 0)
    const copy = Number((await store.get(`copy/${client}`))?.value ?? 0)
    const log = await store.range(prefixRange(`log/${client}/`))
    const due = acknowledged[client] ?? 0
    if (last < due) found.push(`lost: client ${client} had ${due} acknowledged, ${last} is there`)
    const expected = Array.from({ length: Math.min(last, logLength) }, (_, index) => last - Math.min(last, logLength) + 1 + index)
    const isWhole = copy === last && log.entries.map((entry) => Number(entry.value)).join() === expected.join()
    if (!isWhole) found.push(`half: client ${client} is at ${last}, its copy at ${copy}, its log has ${log.entries.length}`)
  }
  return found
}

/** A writer process and, on this side, the log of what it acknowledged. */
export class Writer {
  readonly #child: ChildProcess
  readonly #acknowledged: number[]
  readonly #lines: AsyncIterator<string>
  readonly #draining: Promise<void>
  readonly #exited: Promise<unknown>
  #hasEnded = false
  #count = 0
  #wake: (() => void) | undefined

  constructor(path: string, options: { readonly syncWrites: boolean; readonly ledger?: Ledger }) {
    const script = fileURLToPath(new URL('./durability-writer.ts', import.meta.url))
    this.#child = spawn(process.execPath, [script, path, String(options.syncWrites)], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#acknowledged = [...(options.ledger ?? Array.from({ length: clients }, () => 0))]
    if (this.#child.stdout === null) throw new Error('no stdout')
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    this.#exited = once(this.#child, 'exit')
    this.#draining = this.#drain()
  }

  /** What has been acknowledged by now. */
  get ledger(): Ledger {
    return [...this.#acknowledged]
  }

  /** Waits for this many more acknowledgements; rejects when the writer ends first. */
  async acknowledgements(more: number): Promise<void> {
    const target = this.#count + more
    while (this.#count < target) {
      if (this.#hasEnded) throw new Error(`the writer ended after ${this.#count} acknowledgements`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** kill -9; resolves with all that it acknowledged in its life. */
  async kill(): Promise<Ledger> {
    this.#child.kill('SIGKILL')
    await Promise.all([this.#exited, this.#draining])
    return this.ledger
  }

  async #drain(): Promise<void> {
    for (let line = await this.#lines.next(); line.done !== true; line = await this.#lines.next()) {
      const [client, sequence] = line.value.split(' ').map(Number)
      // A line cut off by the kill has no newline's worth of truth in it; only a whole pair counts.
      if (client === undefined || sequence === undefined) continue
      this.#acknowledged[client] = Math.max(this.#acknowledged[client] ?? 0, sequence)
      this.#count += 1
      this.#wake?.()
    }
    this.#hasEnded = true
    this.#wake?.()
  }
}
