import { wireDurationMs } from '../duration.ts'
import type { MachineConfig, RawCheck, RawService } from '../machine/machine-config.ts'

export type Autostop = 'off' | 'stop' | 'suspend'
export type Handler = string
export interface ServicePort {
  readonly from: number
  readonly to: number
  readonly handlers: readonly Handler[]
  readonly forceHttps: boolean
}
export interface Concurrency {
  readonly type: 'connections' | 'requests'
  readonly softLimit: number
  /** Infinity where none is set. */
  readonly hardLimit: number
}
/** A `services` entry with Fly.io's defaults filled in (platform-semantics §1.2, §2). */
export interface Service {
  readonly protocol: 'tcp' | 'udp'
  readonly internalPort: number
  readonly ports: readonly ServicePort[]
  readonly concurrency: Concurrency
  readonly autostart: boolean
  readonly autostop: Autostop
  readonly minMachinesRunning: number
  readonly checks: readonly Check[]
}
export interface Check {
  readonly name: string
  readonly type: 'tcp' | 'http'
  readonly port: number
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly graceMs: number
  readonly method: string
  readonly path: string
  readonly protocol: 'http' | 'https'
  readonly headers: readonly { readonly name: string; readonly values: readonly string[] }[]
  /** https only: the certificate may be anybody's. */
  readonly tlsSkipVerify?: boolean
  /** https only: the name that the certificate must have. */
  readonly tlsServerName?: string
  /** Set on a service's check: its result decides routing. */
  readonly servicePort?: number
}

const autostopOf = (raw: RawService): Autostop =>
  raw.autostop === true || raw.autostop === 'stop' ? 'stop' : raw.autostop === 'suspend' ? 'suspend' : 'off'

export function servicesOf(config: MachineConfig): readonly Service[] {
  let checkNumber = 0
  return (config.services ?? []).map((raw) => {
    const internalPort = raw.internal_port ?? 8080
    const protocol = raw.protocol === 'udp' ? 'udp' : 'tcp'
    return {
      protocol,
      internalPort,
      ports: (raw.ports ?? []).map((port) => ({
        from: port.port ?? port.start_port ?? 0,
        to: port.port ?? port.end_port ?? port.start_port ?? 0,
        handlers: port.handlers ?? [],
        forceHttps: port.force_https ?? false,
      })),
      concurrency: {
        type: raw.concurrency?.type === 'requests' ? 'requests' : 'connections',
        softLimit: raw.concurrency?.soft_limit ?? 20,
        hardLimit: raw.concurrency?.hard_limit || Infinity,
      },
      autostart: raw.autostart ?? true,
      autostop: autostopOf(raw),
      minMachinesRunning: raw.min_machines_running ?? 0,
      checks: (raw.checks ?? []).map((check) => {
        const type = check.type === 'http' ? 'http' : 'tcp'
        const name = `servicecheck-${String(checkNumber++).padStart(2, '0')}-${type}-${check.port ?? internalPort}`
        return { ...checkOf(name, check, internalPort), servicePort: internalPort }
      }),
    }
  })
}

/** The ports that clients' requests go to: a machine takes requests when they accept. */
export const servicePorts = (config: MachineConfig): readonly number[] => [
  ...new Set(servicesOf(config).flatMap((service) => (service.protocol === 'tcp' ? [service.internalPort] : []))),
]

export function checkOf(name: string, raw: RawCheck, defaultPort: number): Check {
  return {
    name,
    type: raw.type === 'http' ? 'http' : 'tcp',
    port: raw.port ?? defaultPort,
    intervalMs: wireDurationMs(`${name}.interval`, raw.interval, 15_000),
    timeoutMs: wireDurationMs(`${name}.timeout`, raw.timeout, 2_000),
    graceMs: wireDurationMs(`${name}.grace_period`, raw.grace_period, 1_000),
    method: (raw.method ?? 'GET').toUpperCase(),
    path: raw.path ?? '/',
    protocol: raw.protocol === 'https' ? 'https' : 'http',
    headers: raw.headers ?? [],
    ...(raw['tls_skip_verify'] === true ? { tlsSkipVerify: true } : {}),
    ...(typeof raw['tls_server_name'] === 'string' ? { tlsServerName: raw['tls_server_name'] } : {}),
  }
}

/** All checks of a machine: those of its services first, then the top-level ones (which never decide routing). */
export function checksOf(config: MachineConfig): readonly Check[] {
  const services = servicesOf(config)
  const defaultPort = services[0]?.internalPort ?? 8080
  return [
    ...services.flatMap((service) => service.checks),
    ...Object.entries(config.checks ?? {}).map(([name, raw]) => checkOf(name, raw, defaultPort)),
  ]
}
