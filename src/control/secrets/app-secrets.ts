import { createHmac } from 'node:crypto'
import { contextOf, EnvelopeError, seal, unseal } from '../../kit/envelope.ts'
import { keyedQueue } from '../../kit/keyed-queue.ts'
import type { App, Release } from '../../model/app.ts'
import { fault } from '../../model/fault/fault.ts'
import type { AppName, RandomBytes } from '../../model/ids.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import {
  parseSecretName,
  pruned,
  releaseOf,
  secretLimits,
  valueAt,
  type SecretRecord,
  type SecretSet,
  type SecretVersion,
} from '../../model/secret.ts'
import type { Compare, Operation, Store } from '../../store/contract.ts'
import { keys, prefixes } from '../../store/keys.ts'
import type { Records, Versioned } from '../state/records.ts'
import type { DataKey, Keyring } from './keyring.ts'

export interface SecretDeps {
  readonly store: Store
  readonly records: Records
  readonly keyring: Keyring
  readonly settle: (revision: number | undefined) => Promise<void>
  readonly random: RandomBytes
  /** Milliseconds since 1970. */
  readonly now: () => number
}
/** The secrets of apps. Handlers hand over an app that came out of their scope. */
export interface AppSecrets {
  /** Set just now, by name; values stay sealed. */
  list(app: App): readonly { readonly record: SecretRecord; readonly latest: SecretVersion }[]
  /** Counts the changes, 0 before the first. */
  version(app: AppName): number
  /** Sets and unsets (null). A value that is the same as before is no change. Faults invalid_value, secrets_changed. */
  change(app: App, values: Readonly<Record<string, string | null>>): Promise<{ readonly version: number; readonly changed: readonly string[] }>
  /** In clear: for the start of a machine of that release, or of none. Fault secret_unreadable. */
  open(app: App, wanted: { readonly release?: number; readonly atLeast?: number }): Promise<Readonly<Record<string, string>>>
}
const digestDigits = 16
/** What all values of an app may take: an environment that a program can be started with. */
const environmentBytes = 512 * 1024

export function openAppSecrets(deps: SecretDeps): AppSecrets {
  const { store, records } = deps
  const queue = keyedQueue()
  const ofApp = (app: AppName) => records.list<SecretRecord>(`${prefixes.secrets}${app}/`)
  const version = (app: AppName) => records.get<SecretSet>(keys.secretSet(app))?.version ?? 0
  const list: AppSecrets['list'] = (app) =>
    ofApp(app.name).flatMap((record) => (record.versions[0]?.value === undefined ? [] : [{ record, latest: record.versions[0] }]))

  async function change(app: App, values: Readonly<Record<string, string | null>>) {
    checkValues(values)
    const key = await deps.keyring.of(app.org)
    const digestOf = (name: string, value: string) => digest(key, app, name, value)
    const set = records.getVersioned<SecretSet>(keys.secretSet(app.name))
    const found = new Map(Object.keys(values).map((name) => [name, records.getVersioned<SecretRecord>(keys.secret(app.name, name))]))
    const changed = Object.entries(values).filter(([name, value]) => {
      const before = found.get(name)?.value.versions[0]?.value?.digest
      return before !== (value === null ? undefined : digestOf(name, value))
    })
    if (changed.length === 0) return { version: set?.value.version ?? 0, changed: [] }
    const next = (set?.value.version ?? 0) + 1
    const at = new Date(deps.now()).toISOString()
    const oldest = oldestInUse(app.name, next)
    const operations = changed.map(([name, value]): Operation => {
      const versions = [
        { version: next, at, ...(value === null ? {} : { value: { sealed: sealed(key, app, name, next, value), digest: digestOf(name, value) } }) },
        ...(found.get(name)?.value.versions ?? []),
      ]
      const createdAt = found.get(name)?.value.versions[0]?.value === undefined ? at : found.get(name)!.value.createdAt
      return put(app.name, name, pruned({ schema: 1, org: app.org, app: app.name, name, createdAt, versions }, oldest))
    })
    checkTotal(app, found, changed)
    const written = await store.transact({
      compare: [
        unchanged(keys.secretSet(app.name), set),
        ...changed.map(([name]) => unchanged(keys.secret(app.name, name), found.get(name))),
        exists(app),
      ],
      then: [
        {
          op: 'put',
          key: keys.secretSet(app.name),
          value: JSON.stringify({ schema: 1, app: app.name, version: next, updatedAt: at } satisfies SecretSet),
        },
        ...operations,
        ...outlived(app.name, oldest, new Set(changed.map(([name]) => name))),
      ],
    })
    await deps.settle(written.revision)
    if (!written.held) throw fault('secrets_changed', { app: app.name })
    return { version: next, changed: changed.map(([name]) => name) }
  }

  /** The oldest version that a release which still may run was made with: its values are kept. */
  function oldestInUse(app: AppName, next: number): number {
    const releases = records.list<Release>(`${prefixes.releases}${app}/`)
    const live = releases.findLastIndex((release) => release.status === 'complete')
    // The live one, to which a deploy that fails goes back, what was begun after it, and what a deploy of some regions has left elsewhere.
    const ofMachines = new Set(records.list<DesiredMachine>(`${prefixes.machines}${app}/`).map(({ config }) => releaseOf(config)))
    const inUse = releases.filter((release, index) => index >= live || ofMachines.has(release.version))
    return Math.min(next, ...inUse.flatMap((release) => release.secretsVersion ?? []))
  }
  /** Values of other secrets that no release needs any more, a handful at a time. */
  const outlived = (app: AppName, oldest: number, but: ReadonlySet<string>): readonly Operation[] =>
    ofApp(app)
      .filter(({ name }) => !but.has(name))
      .flatMap((record) => {
        const left = pruned(record, oldest)
        return left === record ? [] : [put(app, record.name, left)]
      })
      .slice(0, 32)

  const sealed = (key: DataKey, app: App, name: string, at: number, value: string) => seal(key.encryption, value, placeOf(app, name, at), deps.random)

  function checkTotal(
    app: App,
    found: ReadonlyMap<string, Versioned<SecretRecord> | undefined>,
    changed: readonly (readonly [string, string | null])[],
  ): void {
    const kept = list(app).filter(({ record }) => !changed.some(([name]) => name === record.name))
    const added = changed.filter(([, value]) => value !== null)
    if (kept.length + added.length > secretLimits.names)
      throw fault('invalid_value', { field: 'secrets', found: kept.length + added.length, rule: `at most ${secretLimits.names} an app` })
    const size =
      kept.reduce((sum, { latest }) => sum + (latest.value?.sealed.length ?? 0) * 0.75, 0) +
      added.reduce((sum, [, value]) => sum + Buffer.byteLength(value ?? ''), 0)
    if (size > environmentBytes)
      throw fault('invalid_value', { field: 'secrets', found: `${Math.round(size)} bytes`, rule: `at most ${environmentBytes} bytes an app` })
  }

  return {
    list,
    version,
    change: (app, values) => queue.run(app.name, () => change(app, values)),
    async open(app, { release, atLeast = 0 }) {
      const pin = release === undefined ? undefined : records.get<Release>(keys.release(app.name, release))?.secretsVersion
      const at = pin === undefined ? undefined : Math.max(pin, atLeast)
      const wanted = ofApp(app.name).flatMap((record) => {
        const found = valueAt(record, at)
        return found?.value === undefined ? [] : [{ name: record.name, version: found.version, sealed: found.value.sealed }]
      })
      if (wanted.length === 0) return {}
      const key = await deps.keyring.of(app.org)
      return Object.fromEntries(wanted.map((each) => [each.name, opened(key, app, each)]))
    },
  }
}

/** What a value is bound to: moved to another org, app, name or version it does not open. */
const placeOf = (app: App, name: string, version: number) => contextOf('kante secret', app.org, app.id, app.name, name, version)

function opened(key: DataKey, app: App, secret: { readonly name: string; readonly version: number; readonly sealed: string }): string {
  try {
    return unseal(key.encryption, secret.sealed, placeOf(app, secret.name, secret.version)).toString()
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error
    throw fault('secret_unreadable', { what: `secret ${secret.name} of ${app.name}` }, error)
  }
}

const digest = (key: DataKey, app: App, name: string, value: string) =>
  createHmac('sha256', key.digest)
    .update(contextOf(app.id, name, value))
    .digest('hex')
    .slice(0, digestDigits)

function checkValues(values: Readonly<Record<string, string | null>>): void {
  const names = Object.keys(values)
  if (names.length > secretLimits.atOnce)
    throw fault('invalid_value', { field: 'secrets', found: names.length, rule: `at most ${secretLimits.atOnce} at once` })
  for (const name of names) {
    const value = values[parseSecretName(name)] ?? ''
    const size = Buffer.byteLength(value)
    // Never the value itself: faults are logged and shown.
    if (size > secretLimits.valueBytes)
      throw fault('invalid_value', { field: `secret ${name}`, found: `${size} bytes`, rule: `at most ${secretLimits.valueBytes} bytes` })
    if (value.includes('\0'))
      throw fault('invalid_value', { field: `secret ${name}`, found: 'a NUL character', rule: 'text that an environment can hold' })
  }
}

const put = (app: AppName, name: string, record: SecretRecord | undefined): Operation => {
  const key = keys.secret(app, name)
  return record === undefined ? { op: 'delete', key } : { op: 'put', key, value: JSON.stringify(record) }
}
const unchanged = (key: string, before: Versioned<unknown> | undefined): Compare => ({
  key,
  target: 'modRevision',
  is: '=',
  to: before?.modRevision ?? 0,
})
/** An app that is destroyed meanwhile gets no secrets that would outlive it. */
const exists = (app: App): Compare => ({ key: keys.app(app.name), target: 'version', is: '!=', to: 0 })
