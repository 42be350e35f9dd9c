/**
 * The daemon. `kanted --home DIR` runs control and the hosts of the platform whose flags are in DIR/platform.json; `kanted --role edge --config FILE`
 * runs one edge. The only module that knows all roles: it opens them in order and hands each what it needs.
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { flushCompileCache } from 'node:module'
import { networkInterfaces } from 'node:os'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from './kit/clock.ts'
import { ensureFolder, ensureOwnFolder, writeDurably } from './kit/durable-file.ts'
import { openLog, type Log } from './kit/log.ts'
import { openLogOutput } from './kit/log-output.ts'
import { takePidFile } from './kit/pid-file.ts'
import { readPlatformFile, type PlatformFile, type PlatformRegion } from './kit/platform-file.ts'
import { platformPaths, type PlatformPaths } from './kit/platform-paths.ts'
import { writeReadyLine } from './kit/ready-pipe.ts'
import { Secret } from './kit/secret.ts'
import { untilSignal } from './kit/until-signal.ts'
import { version } from './kit/version.ts'
import { fault, isFault, type Fault } from './model/fault/fault.ts'
import { edgeIdOf, parseHostId, parseRegionCode, type HostId } from './model/ids.ts'
import type { HostRecord } from './model/host.ts'
import { mirroredPrefixes } from './store/keys.ts'

const { values: flags } = parseArgs({
  options: { home: { type: 'string' }, role: { type: 'string' }, config: { type: 'string' }, verbose: { type: 'boolean' } },
})
const home = resolve(flags.home ?? `${process.env['HOME'] ?? '.'}/.kante`)
const near = { uid: process.getuid?.() ?? 0 }
const logLimitBytes = 8 * 1024 * 1024
const shortestLifeMs = 10_000
const log = openLog(
  openLogOutput(process.stdout, flags.role === 'edge' ? undefined : { path: platformPaths(home, near).daemonLog, limitBytes: logLimitBytes }),
  () => systemClock.now(),
  flags.verbose === true ? 'debug' : 'info',
)

async function runEdge(): Promise<void> {
  const { openEdge } = await import('./edge/open-edge.ts')
  const { parseEdgeConfig } = await import('./edge/edge-config.ts')
  if (flags.config === undefined) throw fault('invalid_value', { field: '--config', found: '', rule: 'the path of an edge’s config file' })
  const config = parseEdgeConfig(await readFile(flags.config, 'utf8'))
  await using edge = await openEdge({ clock: systemClock, random: Math.random, log: log.child({ edge: config.id }) }, config)
  // An edge is ended by a signal as often as not, and that would not write it.
  flushCompileCache()
  await Promise.race([untilSignal(config.timeouts.drainMs + 5_000), parentGone()])
  await edge.drain()
}

/** The keeper holds the other end of stdin: its death is a crash of the host, and the edge ends with it (ADR 0005). */
const parentGone = () =>
  new Promise<void>((done) => {
    process.stdin.on('error', () => done())
    process.stdin.on('close', () => done())
    process.stdin.resume()
  })

async function runDaemon(): Promise<void> {
  const platform = await readPlatformFile(platformPaths(home, near).platformFile)
  if (platform === undefined) throw fault('not_running', { home })
  const paths = platformPaths(home, { ...near, dataDir: platform.dataDir })
  await ensureOwnFolder(paths.runDir)
  const rival = takePidFile(paths.pidFile)
  if (rival !== undefined) throw fault('already_running', { home, pid: rival.pid })
  await using daemon = await openDaemon(platform, paths)
  writeReadyLine({ ready: true, pid: process.pid })
  log.info('ready', { api: daemon.apiAddress, regions: platform.regions.map((region) => region.code) })
  const readyAtMs = systemClock.monotonic()
  const ending = await Promise.race([untilSignal(10_000), daemon.storeLost])
  if (typeof ending !== 'string') beginAnew(ending, systemClock.monotonic() - readyAtMs)
  log.info('ending; machines and edges go on', { signal: ending })
}

/**
 * Without its store the daemon can do nothing and would only look alive: it becomes a new daemon in the same process (execve(2)), which adopts all, as after a
 * crash. Not again and again: one that did not live long ends.
 */
function beginAnew(cause: Fault, livedMs: number): never {
  if (livedMs < shortestLifeMs) throw cause
  log.error('the store is lost; the daemon begins anew', { error: cause })
  process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], process.env)
  throw cause
}

async function openDaemon(
  platform: PlatformFile,
  paths: PlatformPaths,
): Promise<AsyncDisposable & { readonly apiAddress: string; readonly storeLost: Promise<Fault> }> {
  const [
    { openSqliteStore },
    { openSqliteEngine },
    { openMirror },
    { openControl },
    { openHost },
    { openKeeper },
    { openProcessRuntime },
    { openHostLogs },
    { claimAddressRange },
    { openInstaller },
    seeds,
    masterKeys,
  ] = await Promise.all([
    import('./store/sqlite/open-sqlite-store.ts'),
    import('./store/sqlite/engine.ts'),
    import('./store/mirror.ts'),
    import('./control/open-control.ts'),
    import('./host/open-host.ts'),
    import('./host/keeper/keeper-client.ts'),
    import('./host/runtime/process/open-process-runtime.ts'),
    import('./host/logs/open-host-logs.ts'),
    import('./host/addresses/claim-range.ts'),
    import('./build/install-dependencies.ts'),
    import('./control/seed-platform.ts'),
    import('./control/secrets/master-key.ts'),
  ])
  await using opened = new AsyncDisposableStack()
  const clock = systemClock
  const random = (size: number) => randomBytes(size)
  await ensureFolder(paths.controlDir)
  // One thread for all databases of this process: a thread each would cost 20 MB more apiece.
  const engine = opened.use(openSqliteEngine())
  const store = opened.use(await openSqliteStore({ clock, engine, log: log.child({ part: 'store' }) }, { path: paths.stateDb }))
  const masterKey = masterKeyFromEnvironment(masterKeys) ?? masterKeys.masterKeyFile(paths.masterKeyFile, random)
  const secrets = await seeds.openPlatformSecrets(store, { tokenFile: paths.tokenFile, masterKey, random, now: () => clock.now() })
  const records = platform.regions.map((region) => hostRecord(region, paths, clock.now()))
  await seeds.seedPlatform(store, records, clock.now())
  const mirror = opened.use(await openMirror({ store, clock, log: log.child({ part: 'mirror' }) }, mirroredPrefixes))
  const hosts = new Map<HostId, Awaited<ReturnType<typeof openHost>>>()
  const apiAddress = `http://127.0.0.1:${platform.apiPort}`
  const control = opened.use(
    await openControl(
      {
        store,
        mirror,
        hosts: (id) => hosts.get(id)?.port,
        installer: openInstaller({ log, environment: process.env }),
        clock,
        random,
        log: log.child({ role: 'control' }),
        version,
        keyring: secrets.keyring,
        ...diesInDeploy(process.env['KANTE_TEST_DIE_AT_DEPLOY_POINT']),
      },
      {
        dir: paths.controlDir,
        token: secrets.token,
        domain: platform.domain,
        home: paths.home,
        apiAddress,
        storeName: 'sqlite',
        regions: platform.regions.map((region) => parseRegionCode(region.code)),
        idleMs: platform.idleTimeoutMs,
        ...(platform.keepReleases === undefined ? {} : { keepReleases: platform.keepReleases }),
        ...(platform.scaleInAfterMs === undefined ? {} : { scaleInAfterMs: platform.scaleInAfterMs }),
        // The pid file sees to it.
        isOnlyControl: true,
      },
    ),
  )
  const edges = records.map((record) => edgeIdOf(record.id))
  await Promise.all(
    platform.regions.map(async (region, index) => {
      const record = records[index]
      if (record === undefined) return
      const at = paths.host(region.code)
      const hostLog = log.child({ role: 'host', host: record.id })
      await ensureFolder(at.dir)
      await ensureFolder(at.edgeDir)
      const claim = opened.use(
        await claimAddressRange({
          file: `${at.dir}/range.json`,
          seed: `${paths.home} ${region.code}`,
          forcePorts: process.env['KANTE_ADDRESS_MODE'] === 'ports',
        }),
      )
      const keeper = opened.use(await openKeeper({ clock, log: hostLog }, { socket: at.keeperSocket, dir: at.dir, nodePath: process.execPath }))
      const logs = opened.use(await openHostLogs({ clock }, { dir: `${at.dir}/logs`, region: record.region.code, ...logRetention(platform) }))
      const db = opened.use(await openSqliteStore({ clock, engine, log: hostLog }, { path: at.db }))
      const runtime = opened.use(
        await openProcessRuntime(
          { keeper, layers: control.layers, clock, log: hostLog },
          { dir: at.dir, nodePath: process.execPath, path: process.env['PATH'] ?? '', addressMode: 'base' in claim.range ? 'own' : 'ports' },
        ),
      )
      const host = opened.use(
        await openHost(
          { db, store, runtime, logs, secrets: control.secretsFor(record.id), clock, random, log: hostLog },
          { record, addressRange: claim.range, edges: () => edges, runtimeName: 'process' },
        ),
      )
      await host.listen(at.socket)
      hosts.set(record.id, host)
      const keepEdge = () => ensureEdge(keeper, record, region, platform, paths)
      opened.use(keeper.onBack(() => void keepEdge().catch((error: unknown) => hostLog.error('cannot start the edge', { error }))))
      await keepEdge()
    }),
  )
  await control.listenInternal(paths.controlSocket)
  await control.listenApi('127.0.0.1', platform.apiPort)
  const owned = opened.move()
  return { apiAddress, storeLost: engine.lost, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Taken out of the environment, so that no program that is started from here inherits it. */
function masterKeyFromEnvironment({ masterKeyVariable, givenMasterKey }: typeof import('./control/secrets/master-key.ts')) {
  const taken = (name: string): Secret | undefined => {
    const text = process.env[name]?.trim()
    delete process.env[name]
    if (text === undefined || text === '') return undefined
    if (text.length < 32) throw fault('key_file_invalid', { file: name, reason: 'at least 32 characters are needed' })
    return new Secret(text)
  }
  const [key, former] = [taken(masterKeyVariable), taken(`${masterKeyVariable}_FORMER`)]
  return key && givenMasterKey(key, former)
}

const logRetention = ({ keepLogsMs, keepLogsBytes }: PlatformFile) =>
  keepLogsMs === undefined || keepLogsBytes === undefined ? {} : { retention: { keepMs: keepLogsMs, totalBytes: keepLogsBytes } }

/** For tests: ends the daemon as kill -9 does, at the so-many-th point of the deploys that it began itself. */
function diesInDeploy(point: string | undefined): { readonly deployReached?: (point: string, isFresh: boolean) => void } {
  if (point === undefined) return {}
  let left = Number(point)
  return {
    deployReached: (name, isFresh) => {
      if (!isFresh || --left !== 0) return
      log.warn('ends here, as a test has asked for', { point: name })
      process.kill(process.pid, 'SIGKILL')
    },
  }
}

function hostRecord(region: PlatformRegion, paths: PlatformPaths, nowMs: number): HostRecord {
  return {
    schema: 1,
    id: parseHostId(region.code),
    region: { code: parseRegionCode(region.code), name: region.name, latitude: region.latitude, longitude: region.longitude },
    runtime: 'process',
    address: `unix:${paths.host(region.code).socket}`,
    edgeListen: loopbacks().map((address) => (address.includes(':') ? `[${address}]:${region.httpPort}` : `${address}:${region.httpPort}`)),
    createdAt: new Date(nowMs).toISOString(),
  }
}

const loopbacks = () => [
  '127.0.0.1',
  ...(Object.values(networkInterfaces()).some((list) => list?.some((entry) => entry.address === '::1')) ? ['::1'] : []),
]

/** Starts the region's edge under its keeper unless it runs there already; the keeper holds its sockets and starts it anew when it ends. */
async function ensureEdge(
  keeper: Awaited<ReturnType<typeof import('./host/keeper/keeper-client.ts').openKeeper>>,
  record: HostRecord,
  region: PlatformRegion,
  platform: PlatformFile,
  paths: PlatformPaths,
): Promise<void> {
  const at = paths.host(region.code)
  const addresses = loopbacks()
  await writeDurably(
    at.edgeConfig,
    JSON.stringify({
      id: edgeIdOf(record.id),
      host: record.id,
      region: record.region,
      hostAddress: record.address,
      controlAddress: `unix:${paths.controlSocket}`,
      domain: platform.domain,
      // Descriptors 0–2 are the standard ones; the keeper passes the sockets from 3 on in the order of `listen`. Each stands for the services' port 80.
      listeners: addresses.map((_address, index) => ({ fd: 3 + index, externalPort: 80 })),
      stateDir: at.edgeDir,
      statusSocket: at.edgeStatusSocket,
    }),
  )
  await keeper.call('spawn', {
    runId: 'edge',
    kind: 'service',
    argv: [process.execPath, '--max-semi-space-size=1', import.meta.filename, '--role', 'edge', '--config', at.edgeConfig],
    cwd: dirname(at.edgeConfig),
    // Without the compile cache every edge loads the type stripper: 25 MB and 0.7 s more.
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      ...(process.env['NODE_COMPILE_CACHE'] === undefined ? {} : { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] }),
    },
    log: { file: `${at.dir}/logs/edge.log`, format: 'raw' },
    meta: { role: 'edge' },
    stop: { signal: 'SIGTERM', timeoutMs: 5_000 },
    listen: addresses.map((address) => ({ address, port: region.httpPort })),
    respawn: { minMs: 20, maxMs: 5_000 },
  })
}

function describe(error: unknown, logged: Log): void {
  if (isFault(error)) {
    writeReadyLine({ error: { status: error.code, error: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) } })
    logged.error(error.message, { code: error.code, hint: error.hint })
  } else {
    const message = error instanceof Error ? error.message : String(error)
    writeReadyLine({ error: { status: 'internal', error: message } })
    logged.error('cannot go on', { error })
  }
}

try {
  await (flags.role === 'edge' ? runEdge() : runDaemon())
} catch (error) {
  describe(error, log)
  process.exitCode = 1
}
