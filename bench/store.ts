import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../src/kit/clock.ts'
import { silentLog } from '../src/kit/log.ts'
import { openSqliteStore } from '../src/store/sqlite/open-sqlite-store.ts'

/** Durable transactions of one 500-byte put: the store at several depths, and plain node:sqlite with one synchronous commit each. */
const roundMs = Number(process.argv[2] ?? 2000)
const rounds = 3
let written = 0
/** Never the same twice: SQLite skips the write, and the sync, of a row that does not change. */
const value = () => String(written++).padEnd(500, 'v')

interface Figures {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** The worst time the caller's event loop was held up. */
  readonly loopDelayMs: number
}

async function measure(inFlight: number, write: (key: string) => unknown): Promise<Figures> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const times: number[] = []
  const start = performance.now()
  delay.enable()
  await Promise.all(
    Array.from({ length: inFlight }, async (_, lane) => {
      while (performance.now() - start < roundMs) {
        const begun = performance.now()
        await write(`machine/app/${lane}`)
        times.push(performance.now() - begun)
        // Lets the loop turn, so that its delay shows when the write itself was synchronous.
        if (inFlight === 1) await new Promise((resolve) => setImmediate(resolve))
      }
    }),
  )
  delay.disable()
  const took = performance.now() - start
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0
  return { perSecond: (times.length / took) * 1000, p50Ms: at(0.5), p99Ms: at(0.99), loopDelayMs: delay.percentile(99) / 1e6 }
}

function openPlain(path: string): { write: (key: string) => void; close: () => void } {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE entry (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT')
  const put = db.prepare('INSERT INTO entry VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
  return { write: (key) => put.run(key, value()), close: () => db.close() }
}

const folder = await mkdtemp(join(tmpdir(), 'kante-bench-'))
const store = await openSqliteStore({ clock: systemClock, log: silentLog }, { path: join(folder, 'state.db') })
const plain = openPlain(join(folder, 'plain.db'))
const put = (durability: 'durable' | 'buffered') => (key: string) =>
  store.transact({ compare: [], then: [{ op: 'put', key, value: value() }] }, { durability })
const arms: readonly (readonly [string, number, (key: string) => unknown])[] = [
  ['plain node:sqlite', 1, plain.write],
  ['store, 1 in flight', 1, put('durable')],
  ['store, 64 in flight', 64, put('durable')],
  ['store, 1,000 in flight', 1000, put('durable')],
  ['store, buffered, 1 in flight', 1, put('buffered')],
]

const results = new Map<string, Figures[]>()
for (let round = 0; round < rounds; round += 1) {
  for (const [name, inFlight, write] of arms) results.set(name, [...(results.get(name) ?? []), await measure(inFlight, write)])
}
const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
const base = median((results.get('plain node:sqlite') ?? []).map((one) => one.perSecond))
for (const [name, figures] of results) {
  const of = (pick: (one: Figures) => number) => median(figures.map(pick))
  const perSecond = of((one) => one.perSecond)
  process.stdout.write(
    `${name.padEnd(30)} ${perSecond.toFixed(0).padStart(7)}/s  ${(perSecond / base).toFixed(2).padStart(6)}x  ` +
      `p50 ${of((one) => one.p50Ms).toFixed(2)} ms  p99 ${of((one) => one.p99Ms).toFixed(2)} ms  loop delay p99 ${of((one) => one.loopDelayMs).toFixed(2)} ms\n`,
  )
}
await store[Symbol.asyncDispose]()
plain.close()
await rm(folder, { recursive: true })
