import type { RawCheck, RawPort, RawService } from '../model/machine/machine-config.ts'
import type { CheckSection, NamedCheck, PortSection, ServiceSection } from './fly-config.ts'
import { printGoDuration } from './go-duration.ts'
import { given } from './read-compute.ts'

/** A service as flyctl sends it: off and stop travel as false and true (platform-semantics §2). */
export function machineService(service: ServiceSection): RawService {
  return {
    protocol: service.protocol,
    internal_port: service.internalPort,
    ...given({
      autostop: service.autostop === undefined ? undefined : wireAutostop[service.autostop],
      autostart: service.autostart,
      min_machines_running: service.minMachinesRunning,
      concurrency: service.concurrency === undefined ? undefined : machineConcurrency(service.concurrency),
    }),
    ports: service.ports.map(machinePort),
    ...(service.checks.length === 0 ? {} : { checks: service.checks.map(machineCheck) }),
  }
}

const wireAutostop = { off: false, stop: true, suspend: 'suspend' } as const

const machineConcurrency = (concurrency: NonNullable<ServiceSection['concurrency']>) =>
  given({ type: concurrency.type, soft_limit: concurrency.softLimit, hard_limit: concurrency.hardLimit })

const machinePort = (port: PortSection): RawPort =>
  given({
    port: port.port,
    start_port: port.startPort,
    end_port: port.endPort,
    handlers: port.handlers.length === 0 ? undefined : port.handlers,
    force_https: port.forceHttps === true ? true : undefined,
    tls_options: port.tlsOptions,
    http_options: port.httpOptions,
    proxy_proto_options: port.proxyProtoOptions,
  })

export const machineCheck = (check: CheckSection): RawCheck => ({
  type: check.type,
  ...given({
    interval: duration(check.intervalMs),
    timeout: duration(check.timeoutMs),
    grace_period: duration(check.graceMs),
    method: check.method,
    path: check.path,
    protocol: check.protocol,
    tls_skip_verify: check.tlsSkipVerify,
    tls_server_name: check.tlsServerName,
    headers: check.headers,
  }),
})

/** A top-level check; its port falls back to the http_service's, its method is in capitals as flyctl sends it. */
export function namedMachineCheck(check: NamedCheck, servicePort: number | undefined): RawCheck {
  const port = check.port ?? servicePort
  return { ...machineCheck(check), ...given({ method: check.method?.toUpperCase() }), ...(port === undefined ? {} : { port }) }
}

const duration = (ms: number | undefined) => (ms === undefined ? undefined : printGoDuration(ms))
