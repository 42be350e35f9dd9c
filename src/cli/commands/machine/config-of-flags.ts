import { parseSize } from '../../../fly-toml/size-text.ts'
import { guestOfSize } from '../../../fly-toml/machine-guest.ts'
import type { MachineConfig, RawPort, RawService } from '../../../model/machine/machine-config.ts'
import type { FlagValues } from '../../framework/flag.ts'
import { UsageError } from '../../framework/usage-error.ts'
import type { machineFlags } from './machine-flags.ts'

export type MachineFlagValues = FlagValues<typeof machineFlags>
type VmFlagValues = Pick<MachineFlagValues, 'vm-size' | 'vm-memory' | 'vm-cpus' | 'vm-cpu-kind'>

/** The machine config that the flags of `machine run` mean, on top of one given as JSON. Pure. */
export function configOfFlags(image: string, command: readonly string[], flags: MachineFlagValues, base: Partial<MachineConfig> = {}): MachineConfig {
  const guest = guestOfFlags(flags, base.guest)
  const services = servicesOfFlags(flags)
  const restart = flags.restart ?? (flags.rm ? 'no' : flags.schedule === undefined ? 'always' : 'on-fail')
  return {
    ...base,
    image,
    ...(Object.keys(flags.env).length === 0 ? {} : { env: { ...base.env, ...flags.env } }),
    ...(Object.keys(flags.metadata).length === 0 ? {} : { metadata: { ...base.metadata, ...flags.metadata } }),
    ...(guest === undefined ? {} : { guest }),
    ...(services.length === 0 ? {} : { services }),
    ...(command.length === 0 && flags.entrypoint === undefined
      ? {}
      : {
          init: {
            ...base.init,
            ...(flags.entrypoint === undefined ? {} : { entrypoint: [flags.entrypoint] }),
            ...(command.length === 0 ? {} : { cmd: command }),
          },
        }),
    ...(base.restart !== undefined && flags.restart === undefined ? {} : { restart: { policy: restart === 'on-fail' ? 'on-failure' : restart } }),
    ...(flags.rm ? { auto_destroy: true } : {}),
    ...(flags.schedule === undefined ? {} : { schedule: flags.schedule }),
  }
}

export function guestOfFlags(flags: VmFlagValues, base: MachineConfig['guest']): MachineConfig['guest'] {
  const size = flags['vm-size']
  const preset = size === undefined ? undefined : guestOfSize(size)
  if (size !== undefined && preset === undefined) throw new UsageError(`--vm-size: found "${size}"`, '`kante platform vm-sizes` lists the sizes')
  const memory = flags['vm-memory']
  const bytes = memory === undefined ? undefined : parseSize(memory, 1024 ** 2)
  if (memory !== undefined && (bytes === undefined || bytes < 1024 ** 2))
    throw new UsageError(`--vm-memory: found "${memory}", allowed are megabytes such as 512, or a size such as 1gb`)
  const cpus = flags['vm-cpus']
  const kind = flags['vm-cpu-kind']
  if (preset === undefined && bytes === undefined && cpus === undefined && kind === undefined) return base
  return {
    ...(base ?? guestOfSize('shared-cpu-1x')),
    ...preset,
    ...(kind === undefined ? {} : { cpu_kind: kind }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(bytes === undefined ? {} : { memory_mb: Math.floor(bytes / 1024 ** 2) }),
  }
}

/** Ports of one internal port and protocol make one service. */
function servicesOfFlags(flags: MachineFlagValues): readonly RawService[] {
  const services = new Map<string, { protocol: string; internal_port: number; ports: RawPort[] }>()
  for (const text of flags.port) {
    const { port, internalPort, protocol, handlers } = parsePort(text)
    const key = `${internalPort}/${protocol}`
    const service = services.get(key) ?? { protocol, internal_port: internalPort, ports: [] }
    service.ports.push({ port, ...(handlers.length === 0 ? {} : { handlers }) })
    services.set(key, service)
  }
  const autostop = flags.autostop === undefined || flags.autostop === 'off' ? false : flags.autostop === 'stop' ? true : flags.autostop
  return [...services.values()].map((service) => ({ ...service, autostart: flags.autostart, autostop }))
}

/** `443:80/tcp:http:tls`: port, machine port, protocol, handlers. */
export function parsePort(text: string): {
  readonly port: number
  readonly internalPort: number
  readonly protocol: string
  readonly handlers: readonly string[]
} {
  const match = /^(\d{1,5})(?::(\d{1,5}))?(?:\/(tcp|udp)((?::[a-z_]+)*))?$/.exec(text)
  const port = Number(match?.[1])
  const internalPort = match?.[2] === undefined ? port : Number(match[2])
  if (match === null || !isPort(port) || !isPort(internalPort))
    throw new UsageError(`--port: found "${text}", allowed is port[:machinePort][/protocol[:handler...]], as in 80:8080/tcp:http`)
  return { port, internalPort, protocol: match[3] ?? 'tcp', handlers: (match[4] ?? '').split(':').filter((word) => word.length > 0) }
}
const isPort = (port: number) => port >= 1 && port <= 65_535
