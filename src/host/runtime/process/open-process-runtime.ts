import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../../../kit/clock.ts'
import { entryUrl } from '../../../kit/entry-url.ts'
import type { Log } from '../../../kit/log.ts'
import type { Bundle } from '../../../model/app.ts'
import { fault } from '../../../model/fault/fault.ts'
import { type Digest, type MachineId, parseDigest } from '../../../model/ids.ts'
import { openBundleStore } from '../../bundles/bundle-store.ts'
import type { ExitInfo, Keeper, RunInfo } from '../../keeper/keeper-client.ts'
import { endpointPort } from '../../../model/machine/machine-record.ts'
import { KeeperError, type StopSpec } from '../../keeper/keeper-protocol.ts'
import type { LayerSource } from '../../layer-source.ts'
import { machineLogFile } from '../../logs/log-paths.ts'
import type { RunExit, RunHandle, RunSpec, Runtime, RuntimeEvent } from '../runtime-contract.ts'
import { type MachineRoot, openMachineFolders } from './machine-folder.ts'
import { pathWithNode, runEnvironment } from './run-environment.ts'
import { pidsOf, usageOf } from './run-usage.ts'

export interface ProcessRuntimeOptions {
  /** The host's folder: bundles/, machines/ and logs/ are in it. */
  readonly dir: string
  /** The Node that serves static bundles, and `node` for programs where PATH has none. */
  readonly nodePath: string
  /** PATH of the programs. */
  readonly path: string
  /** own: every machine has an address in 127/8. ports: there is no 127/8 (macOS), ports are mapped by endpoint.portMap. */
  readonly addressMode: 'own' | 'ports'
}

const imagePrefix = 'bundle@'
/** Fly.io's defaults (semantics §3.4). */
const defaultStop: StopSpec = { signal: 'SIGINT', timeoutMs: 5_000 }

/** Machines as plain processes of this computer (ADR 0006): no isolation, no root, no image. Its events and runs are the keeper's. */
export async function openProcessRuntime(
  deps: { readonly keeper: Keeper; readonly layers: LayerSource; readonly clock: Clock; readonly log: Log },
  options: ProcessRuntimeOptions,
): Promise<Runtime> {
  const { keeper, log } = deps
  const bundles = await openBundleStore(deps, { dir: join(options.dir, 'bundles') })
  await mkdir(join(options.dir, 'logs'), { recursive: true, mode: 0o700 })
  const folders = await openMachineFolders({ bundles, log }, { dir: join(options.dir, 'machines') })
  const path = pathWithNode(options.path, options.nodePath)
  const preloadDir = fileURLToPath(new URL('./preload', import.meta.url))
  const staticServer = fileURLToPath(entryUrl(import.meta.url, './static-main.ts'))
  const listeners = new Set<(event: RuntimeEvent) => void>()
  const runs = new Map<string, RunInfo>()

  const emit = (event: RuntimeEvent) => {
    for (const listener of listeners) listener(event)
  }
  const subscriptions = [
    keeper.onExit((exit) => {
      if (exit.kind !== 'machine') return
      runs.delete(exit.runId)
      emit({ type: 'exit', exit: runExitOf(exit) })
    }),
    keeper.onLost(() => {
      runs.clear()
      emit({ type: 'lost' })
    }),
    keeper.onBack(() => emit({ type: 'back' })),
  ]

  const argvOf = (spec: RunSpec, bundle: Bundle, root: MachineRoot): readonly string[] => {
    if (spec.argv !== undefined) return spec.argv
    if (bundle.start.kind === 'command') return bundle.start.argv
    const port = endpointPort(spec.endpoint, spec.ports[0] ?? 8080)
    return [options.nodePath, staticServer, join(root.app, bundle.start.root), spec.endpoint.address, String(port)]
  }
  const environmentOf = (spec: RunSpec, bundle: Bundle, root: MachineRoot) => ({
    ...runEnvironment(spec, { path, home: root.home, imageEnv: bundle.env, preloadDir }),
    // The static server is ours and TypeScript: compiled once per host.
    ...(bundle.start.kind === 'static' && spec.argv === undefined ? { NODE_COMPILE_CACHE: join(options.dir, 'compile-cache') } : {}),
  })
  const runOf = async (runId: string) => {
    const known = runs.get(runId)
    if (known) return known
    for (const run of (await asked(keeper.call('list', {}))).runs) runs.set(run.runId, run)
    return runs.get(runId)
  }

  return {
    name: 'process',
    async prepare(spec) {
      await folders.arm(spec.machine, bundleOf(spec.image))
      return { machine: spec.machine }
    },
    async start(spec, runId) {
      const known = runs.get(runId)
      if (known) return handleOf(known)
      const digest = bundleOf(spec.image)
      const bundle = await bundles.bundle(digest)
      const root = await folders.enter(spec.machine, digest)
      const argv = argvOf(spec, bundle, root)
      const order = keeper.call('spawn', {
        runId,
        kind: 'machine',
        argv,
        cwd: root.app,
        env: environmentOf(spec, bundle, root),
        log: { file: machineLogFile(join(options.dir, 'logs'), spec.app, spec.machine), format: 'ndjson' },
        meta: { machine: spec.machine, app: spec.app, region: spec.region, instance: spec.instanceId },
        stop: spec.stop ?? defaultStop,
      })
      const run = await asked(order, argv[0])
      runs.set(runId, run)
      return handleOf(run)
    },
    async stop(_machine, runId, stop) {
      await unlessEnded(keeper.call('end', { runId, ...stop }))
    },
    async signal(_machine, runId, signal) {
      await unlessEnded(keeper.call('signal', { runId, signal }))
    },
    async suspend(_machine, runId) {
      await asked(keeper.call('signal', { runId, signal: 'SIGSTOP' }))
    },
    async resume(_machine, runId) {
      await asked(keeper.call('signal', { runId, signal: 'SIGCONT' }))
    },
    async exec(spec, runId, { argv, stdin, timeoutMs }) {
      const bundle = await bundles.bundle(bundleOf(spec.image))
      const root = folders.rootOf(spec.machine)
      const request = { runId, argv, cwd: root.app, env: environmentOf(spec, bundle, root), timeoutMs }
      const { isTimedOut, ...result } = await asked(keeper.call('exec', stdin === undefined ? request : { ...request, stdin }), argv[0])
      if (isTimedOut) throw fault('timed_out', { what: `exec ${argv.join(' ')}`, afterMs: timeoutMs })
      return result
    },
    remove: (machine) => folders.remove(machine),
    async sweep({ machines, images }) {
      await folders.sweep(machines)
      await bundles.sweep(new Set([...images].filter((image) => image.startsWith(imagePrefix)).map(bundleOf)))
    },
    async adopt() {
      const { runs: found, exits } = await asked(keeper.call('list', {}))
      runs.clear()
      const machines = found.filter((run) => run.kind === 'machine')
      for (const run of machines) runs.set(run.runId, run)
      return { running: machines.map(handleOf), exits: exits.filter((exit) => exit.kind === 'machine').map(runExitOf) }
    },
    async acknowledgeExit(runId) {
      await asked(keeper.call('ackExit', { runId }))
    },
    onEvent(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => listeners.delete(listener) }
    },
    async usage(_machine, runId) {
      const run = await runOf(runId)
      return run === undefined ? { rssBytes: 0, cpuMs: 0 } : usageOf(run.pid)
    },
    async pids(_machine, runId) {
      const run = await runOf(runId)
      return run === undefined ? [] : pidsOf(run.pid)
    },
    async [Symbol.asyncDispose]() {
      for (const subscription of subscriptions) subscription[Symbol.dispose]()
      listeners.clear()
    },
  }
}

function bundleOf(image: string): Digest {
  if (image.startsWith(imagePrefix)) return parseDigest(image.slice(imagePrefix.length))
  throw fault('unsupported_by_runtime', {
    what: `image ${image}`,
    runtime: 'process',
    fix: 'deploy the project, which makes a bundle of it, or start the platform with --runtime container',
  })
}

const handleOf = (run: RunInfo): RunHandle => ({
  machine: run.meta['machine'] as MachineId,
  runId: run.runId,
  pid: run.pid,
  startedAtMs: run.startedAtMs,
  suspended: run.suspended,
})
const runExitOf = ({ runId, exitCode, signal, exitedAtMs, cause, meta }: ExitInfo): RunExit => ({
  machine: meta['machine'] as MachineId,
  runId,
  exitCode,
  signal,
  // Without a cgroup of its own a process's SIGKILL does not say who sent it.
  oomKilled: false,
  exitedAtMs,
  cause,
})

const asFault = (error: unknown, command = '') => {
  if (!(error instanceof KeeperError)) return error
  if (error.code === 'spawn_failed') return fault('spawn_failed', { command, reason: error.message }, error)
  return fault('runtime_lost', { runtime: 'process', reason: error.message }, error)
}
async function asked<T>(call: Promise<T>, command?: string): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw asFault(error, command)
  }
}
/** What is to end or to hear a signal, and is gone already, is as it should be. */
async function unlessEnded(call: Promise<object>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (error instanceof KeeperError && (error.code === 'no_such_run' || error.code === 'already_ended')) return
    throw asFault(error)
  }
}
