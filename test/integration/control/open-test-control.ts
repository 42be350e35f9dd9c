import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openControl, type ControlDeps, type ControlOptions, type ControlRole } from '../../../src/control/open-control.ts'
import type { DependencyInstaller } from '../../../src/control/bundles/dependency-installer.ts'
import { openKeyring } from '../../../src/control/secrets/keyring.ts'
import { givenMasterKey } from '../../../src/control/secrets/master-key.ts'
import { seedPlatform } from '../../../src/control/seed-platform.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { openLog, silentLog } from '../../../src/kit/log.ts'
import { Secret } from '../../../src/kit/secret.ts'
import type { OrgSlug } from '../../../src/model/ids.ts'
import type { Store } from '../../../src/store/contract.ts'
import { openMirror, type Mirror } from '../../../src/store/mirror.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'
import { FakeHost } from './fake-host.ts'

export const token = 'kante_test_token_of_personal'
export const foreignToken = 'kante_test_token_of_strangers'

export interface TestControl extends AsyncDisposable {
  readonly control: ControlRole
  readonly store: Store
  readonly mirror: Mirror
  readonly dir: string
  readonly hosts: readonly FakeHost[]
  readonly host: FakeHost
  /** Calls the API; the answer's JSON (or text) with its status. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** As `call`, and fails unless the status is below 300. */
  ok<Body = Record<string, never>>(method: string, path: string, body?: unknown): Promise<Body>
  /** Ends control and opens it anew on the same store, as after a crash. */
  reopen(): Promise<void>
}
export interface Answer {
  readonly status: number
  readonly headers: Headers
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of many shapes
  readonly body: any
}

/** Control over a real store and hosts in memory. */
export async function openTestControl(
  options: { readonly regions?: readonly string[]; readonly deps?: Partial<ControlDeps>; readonly options?: Partial<ControlOptions> } = {},
): Promise<TestControl> {
  await using opened = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'kante-control-'))
  opened.defer(() => rm(dir, { recursive: true, force: true }))
  const log = process.env['KANTE_TEST_LOG'] ? openLog((line) => process.stderr.write(line), Date.now, 'debug') : silentLog
  const store = opened.use(await openSqliteStore({ clock: systemClock, log }, { path: join(dir, 'state.db') }))
  const hosts = (options.regions ?? ['fra', 'cdg']).map((region) => new FakeHost(store, region))
  await seedPlatform(
    store,
    hosts.map((host) => host.record),
    Date.now(),
  )
  const strangers = { schema: 1, slug: 'strangers', name: 'Strangers', createdAt: new Date().toISOString() }
  await store.transact({ compare: [], then: [{ op: 'put', key: 'org/strangers', value: JSON.stringify(strangers) }] })
  const mirror = opened.use(await openMirror({ store, clock: systemClock, log }, ['']))
  const deps: ControlDeps = {
    store,
    mirror,
    hosts: (id) => hosts.find((host) => host.record.id === id && host.isReachable)?.port,
    installer: fakeInstaller,
    clock: systemClock,
    random: (size) => randomBytes(size),
    log,
    version: '0.0.0-test',
    keyring: await openKeyring(
      { store, random: (size) => randomBytes(size), now: Date.now },
      givenMasterKey(new Secret('a master key of tests'), undefined),
    ),
    ...options.deps,
  }
  const controlOptions: ControlOptions = {
    dir: join(dir, 'control'),
    token: new Secret(token),
    tokens: [{ secret: new Secret(foreignToken), org: 'strangers' as OrgSlug, kind: 'org' }],
    domain: 'localhost',
    home: dir,
    apiAddress: 'http://127.0.0.1:4280',
    regions: hosts.map((host) => host.record.region.code),
    edgePatienceMs: 0,
    ...options.options,
  }
  let control = await openControl(deps, controlOptions)
  opened.defer(() => control[Symbol.asyncDispose]())
  const call: TestControl['call'] = async (method, path, body, headers = {}) => {
    const response = await control.api(
      new Request(`http://127.0.0.1:4280${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    )
    const text = await response.text()
    const isJson = response.headers.get('content-type') === 'application/json'
    return { status: response.status, headers: response.headers, body: isJson ? (JSON.parse(text) as unknown) : text }
  }
  const owned = opened.move()
  return {
    get control() {
      return control
    },
    store,
    mirror,
    dir,
    hosts,
    host: hosts[0]!,
    call,
    async ok<Body>(method: string, path: string, body?: unknown) {
      const answer = await call(method, path, body)
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
      return answer.body as Body
    },
    async reopen() {
      await control[Symbol.asyncDispose]()
      control = await openControl(deps, controlOptions)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

export const fakeInstaller: DependencyInstaller = {
  fingerprint: 'test',
  async install({ outputFile, files, report }) {
    report('installing')
    await writeFile(outputFile, `installed ${files.join()}`)
  },
}
