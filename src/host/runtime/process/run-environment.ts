import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { endpointPort } from '../../../model/machine/machine-record.ts'
import type { RunSpec } from '../runtime-contract.ts'

export interface EnvironmentOptions {
  /** PATH of the host's programs, our node's folder included where it has no node. */
  readonly path: string
  readonly home: string
  /** The bundle's: those of a Dockerfile's ENV. The machine's own win. */
  readonly imageEnv: Readonly<Record<string, string>>
  /** The folder with preload.cjs and python/. */
  readonly preloadDir: string
}
/** Read by the preloads: the machine's address, and its ports as `inside` or `inside:outside`. */
const bindVariables = (spec: RunSpec) => ({
  KANTE_BIND_ADDRESS: spec.endpoint.address,
  KANTE_BIND_PORTS: spec.ports
    .map((port) => (endpointPort(spec.endpoint, port) === port ? port : `${port}:${endpointPort(spec.endpoint, port)}`))
    .join(','),
})
const defaultPort = 8080

/** The complete environment of a machine's processes: its own, then what it does not set itself. Nothing of the daemon's. Pure. */
export function runEnvironment(spec: RunSpec, options: EnvironmentOptions): Readonly<Record<string, string>> {
  const own = { ...options.imageEnv, ...spec.env }
  const port = endpointPort(spec.endpoint, spec.ports[0] ?? defaultPort)
  const preload = join(options.preloadDir, 'preload.cjs')
  return {
    HOME: options.home,
    PORT: String(port),
    HOST: spec.endpoint.address,
    ...own,
    // A Dockerfile's PATH names folders of its image.
    PATH: spec.env['PATH'] ?? options.path,
    ...bindVariables(spec),
    NODE_OPTIONS: joinOptions(`--require ${quote(preload)}`, own['NODE_OPTIONS']),
    BUN_OPTIONS: joinOptions(`--preload ${quote(preload)}`, own['BUN_OPTIONS']),
    PYTHONPATH: [join(options.preloadDir, 'python'), own['PYTHONPATH']].filter((path) => path !== undefined && path !== '').join(delimiter),
    DENO_SERVE_ADDRESS: own['DENO_SERVE_ADDRESS'] ?? `tcp:${spec.endpoint.address}:${port}`,
  }
}

/** NODE_OPTIONS is cut at spaces, but for double quotes (Node.js CLI documentation). */
const quote = (path: string) => (/[\s"\\]/.test(path) ? `"${path.replaceAll(/["\\]/g, String.raw`\$&`)}"` : path)
const joinOptions = (ours: string, theirs: string | undefined) => (theirs === undefined || theirs === '' ? ours : `${ours} ${theirs}`)

/** PATH with our node's folder at its end, unless a folder before it has a node. */
export function pathWithNode(path: string, nodePath: string): string {
  const folders = path.split(delimiter).filter((folder) => folder !== '')
  return folders.some((folder) => existsSync(join(folder, 'node'))) ? path : [...folders, dirname(nodePath)].join(delimiter)
}
