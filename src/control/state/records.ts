import type { Mirror } from '../../store/mirror.ts'

/** A record with the revision that wrote it, for compare-and-swap. */
export interface Versioned<Value> {
  readonly value: Value
  readonly modRevision: number
}

/** Typed reads from the mirror. */
export interface Records {
  get<Value>(key: string): Value | undefined
  getVersioned<Value>(key: string): Versioned<Value> | undefined
  /** In key order. */
  list<Value>(prefix: string): readonly Value[]
}

export const openRecords = (mirror: Mirror): Records => ({
  get: (key) => mirror.json(key),
  getVersioned<Value>(key: string) {
    const value = mirror.json<Value>(key)
    return value === undefined ? undefined : { value, modRevision: mirror.get(key)!.modRevision }
  },
  list: (prefix) => mirror.listJson(prefix),
})
