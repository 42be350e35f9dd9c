import type { MachineConfig, RawCheck } from '../model/machine/machine-config.ts'
import { isProblem, splitCommandLine } from './command-line.ts'
import type { FileSection, FlyConfig, MountSection } from './fly-config.ts'
import { printGoDuration } from './go-duration.ts'
import { guestOf } from './machine-guest.ts'
import { machineService, namedMachineCheck } from './machine-services.ts'
import { defaultGroup, forGroup, processGroups } from './process-groups.ts'
import { given } from './read-compute.ts'

/** A machine's config before an image is chosen: what a deploy sends for each process group. */
export type GroupConfig = { readonly [Key in keyof MachineConfig as Key extends 'image' ? never : Key]: MachineConfig[Key] }

/**
 * The machine config of every process group, as flyctl sends it, image and release metadata left to control
 * (flyctl-contract §3.8, platform-semantics §7.3). `localFiles`: contents of `[[files]]` with local_path, by that path.
 */
export function toMachineConfigs(config: FlyConfig, localFiles: ReadonlyMap<string, Uint8Array> = new Map()): Readonly<Record<string, GroupConfig>> {
  return Object.fromEntries(processGroups(config).map((group) => [group, groupConfig(config, group, localFiles)]))
}

function groupConfig(config: FlyConfig, group: string, localFiles: ReadonlyMap<string, Uint8Array>): GroupConfig {
  const byDefault = defaultGroup(config)
  const services = forGroup(config.services, group, byDefault).map(machineService)
  const mounts = forGroup(config.mounts, group, byDefault).map(machineMount)
  const files = forGroup(config.files, group, byDefault).map((file) => machineFile(file, localFiles))
  const checks = checksOfGroup(config, group, byDefault)
  const [metrics] = forGroup(config.metrics, group, byDefault)
  const restart = forGroup(config.restart, group, byDefault).at(-1)
  return given({
    env: { ...config.env, FLY_PROCESS_GROUP: group, ...(config.primaryRegion === undefined ? {} : { PRIMARY_REGION: config.primaryRegion }) },
    init: initOf(config, group),
    guest: guestOf(config.vm, group, config.hostDedicationId),
    services: services.length === 0 ? undefined : services,
    checks,
    mounts: mounts.length === 0 ? undefined : mounts,
    files: files.length === 0 ? undefined : files,
    statics: config.statics.length === 0 ? undefined : config.statics.slice(0, 10).map(machineStatic),
    metrics: metrics === undefined ? undefined : { port: metrics.port, path: metrics.path, ...given({ https: metrics.https }) },
    restart:
      restart === undefined ? undefined : { policy: restart.policy === 'never' ? 'no' : restart.policy, ...given({ max_retries: restart.retries }) },
    stop_config: stopConfigOf(config),
  })
}

function initOf(config: FlyConfig, group: string): MachineConfig['init'] | undefined {
  const words = splitCommandLine(config.processes[group] ?? '')
  const command = isProblem(words) ? [] : words
  const { cmd, entrypoint, exec } = config.experimental
  const init = given({
    cmd: command.length > 0 ? command : cmd,
    entrypoint,
    exec,
    swap_size_mb: config.swapSizeMb,
  })
  return Object.keys(init).length === 0 ? undefined : init
}

export function stopConfigOf(config: Pick<FlyConfig, 'killSignal' | 'killTimeoutMs'>): MachineConfig['stop_config'] | undefined {
  if (config.killSignal === undefined && config.killTimeoutMs === undefined) return undefined
  return given({ signal: config.killSignal, timeout: config.killTimeoutMs === undefined ? undefined : printGoDuration(config.killTimeoutMs) })
}

function checksOfGroup(config: FlyConfig, group: string, byDefault: string): Readonly<Record<string, RawCheck>> | undefined {
  const services = forGroup(config.services, group, byDefault)
  const servicePort = (services.find((service) => service.origin === 'http_service') ?? services[0])?.internalPort
  const checks = forGroup(config.checks, group, byDefault)
    .filter((check) => check.port !== undefined || servicePort !== undefined)
    .map((check) => [check.name, namedMachineCheck(check, servicePort)] as const)
  return checks.length === 0 ? undefined : Object.fromEntries(checks)
}

/** flyctl encodes the text of raw_value in base64 once more, whatever it is (platform-semantics §7.2). */
function machineFile(file: FileSection, localFiles: ReadonlyMap<string, Uint8Array>): object {
  const { content, guestPath } = file
  if (content.kind === 'secret') return { guest_path: guestPath, secret_name: content.name }
  const bytes = Buffer.from(content.kind === 'raw' ? content.value : (localFiles.get(content.path) ?? ''))
  return { guest_path: guestPath, raw_value: bytes.toString('base64') }
}

const machineMount = (mount: MountSection) => ({
  name: mount.source,
  path: mount.destination,
  ...given({
    extend_threshold_percent: mount.extendThresholdPercent,
    add_size_gb: mount.extendByGb,
    size_gb_limit: mount.extendToGb,
  }),
})

const machineStatic = (entry: FlyConfig['statics'][number]) => ({
  guest_path: entry.guestPath,
  url_prefix: entry.urlPrefix,
  ...given({ tigris_bucket: entry.tigrisBucket, index_document: entry.indexDocument }),
})
