import type { Entry } from './contract.ts'

/** An entry and its value parsed as JSON, once, when somebody asks for it. */
export interface Held {
  readonly entry: Entry
  json: { readonly value: unknown } | undefined
}

/** Runs this long are split in two: an insert moves at most this many pointers. */
const maxRun = 512

/** Entries in key order: lookups by hash, prefixes by binary search over runs, so that neither walks what it does not return. */
export class SortedEntries {
  readonly #byKey = new Map<string, Held>()
  /** Never empty runs, each sorted, in order. */
  readonly #runs: Held[][] = []

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): Held | undefined {
    return this.#byKey.get(key)
  }

  set(entry: Entry): void {
    const held: Held = { entry, json: undefined }
    const isNew = !this.#byKey.has(entry.key)
    this.#byKey.set(entry.key, held)
    const at = Math.max(this.#runOf(entry.key), 0)
    const run = this.#runs[at]
    if (run === undefined) {
      this.#runs.push([held])
      return
    }
    run.splice(lowerBound(run, entry.key), isNew ? 0 : 1, held)
    if (run.length > maxRun) this.#runs.splice(at + 1, 0, run.splice(maxRun / 2))
  }

  delete(key: string): boolean {
    if (!this.#byKey.delete(key)) return false
    const at = this.#runOf(key)
    const run = this.#runs[at]
    run?.splice(lowerBound(run, key), 1)
    if (run?.length === 0) this.#runs.splice(at, 1)
    return true
  }

  /** In key order. */
  startingWith(prefix: string): Held[] {
    const found: Held[] = []
    for (let at = Math.max(this.#runOf(prefix), 0); at < this.#runs.length; at += 1) {
      const run = this.#runs[at] ?? []
      for (let index = lowerBound(run, prefix); index < run.length; index += 1) {
        const held = run[index]
        if (held === undefined || !held.entry.key.startsWith(prefix)) return found
        found.push(held)
      }
    }
    return found
  }

  /** The last run that starts at or before the key, -1 when none does. */
  #runOf(key: string): number {
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#runs[middle]?.[0]?.entry.key ?? '') <= key) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

function lowerBound(run: readonly Held[], key: string): number {
  let low = 0
  let high = run.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((run[middle]?.entry.key ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}
