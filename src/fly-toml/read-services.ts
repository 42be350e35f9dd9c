import { readHttpCheck, readMachineCheck, readTcpCheck } from './read-checks.ts'
import type { PortSection, ServiceSection } from './fly-config.ts'
import { withoutEffect, type Section } from './section.ts'

const ports = { min: 1, max: 65_535 }
const legacyServiceKeys = ['script_checks', 'restart_limit', 'flycast', 'force_instance_key', 'force_instance_description']

/** `[http_service]`: a tcp service on 80 (http) and 443 (http, tls), as flyctl expands it (platform-semantics §1.5). */
export function readHttpService(section: Section): ServiceSection {
  const forceHttps = section.boolean('force_https')
  const httpOptions = section.json('http_options')
  const tlsOptions = section.json('tls_options')
  withoutEffect(section, 'http_options', 'tls_options')
  const checks = section.sections('checks').map(readHttpCheck)
  const service: ServiceSection = {
    origin: 'http_service',
    protocol: 'tcp',
    ...readCommon(section),
    ports: [
      { port: 80, handlers: ['http'], ...(forceHttps === undefined ? {} : { forceHttps }), ...(httpOptions === undefined ? {} : { httpOptions }) },
      {
        port: 443,
        handlers: ['http', 'tls'],
        ...(httpOptions === undefined ? {} : { httpOptions }),
        ...(tlsOptions === undefined ? {} : { tlsOptions }),
      },
    ],
    checks,
  }
  section.end()
  return service
}

/** One `[[services]]` entry; an empty one is dropped, as flyctl drops it. */
export function readService(section: Section): readonly ServiceSection[] {
  if (section.isEmpty) return []
  const tcpChecks = section.sections('tcp_checks').map(readTcpCheck)
  const httpChecks = section.sections('http_checks').map(readHttpCheck)
  const service: ServiceSection = {
    origin: 'services',
    protocol: section.oneOfIfKnown('protocol', ['tcp', 'udp'], 'tcp is used') ?? 'tcp',
    ...readCommon(section),
    ports: section.sections('ports').flatMap(readPort),
    checks: [...tcpChecks, ...httpChecks],
  }
  if (service.ports.length === 0) section.warn('ports', 'has no ports: nothing outside the private network reaches this service')
  section.end()
  return [service]
}

function readCommon(section: Section) {
  const autostop = readAutostop(section)
  const autostart = section.boolean('auto_start_machines')
  const minMachinesRunning = section.integer('min_machines_running', { min: 0, max: 10_000 })
  const concurrency = readConcurrency(section)
  const internalPort = section.integer('internal_port', ports) ?? 8080
  const machineChecks = section.sections('machine_checks').flatMap(readMachineCheck)
  section.ignore(...legacyServiceKeys)
  return {
    internalPort,
    processes: section.strings('processes'),
    machineChecks,
    line: section.line,
    ...(autostop === undefined ? {} : { autostop }),
    ...(autostart === undefined ? {} : { autostart }),
    ...(minMachinesRunning === undefined ? {} : { minMachinesRunning }),
    ...(concurrency === undefined ? {} : { concurrency }),
  }
}

function readAutostop(section: Section): 'off' | 'stop' | 'suspend' | undefined {
  const found = section.text('auto_stop_machines')
  switch (found) {
    case undefined:
      return undefined
    case 'true':
    case 'stop':
      return 'stop'
    case 'false':
    case 'off':
    case '':
      return 'off'
    case 'suspend':
      return 'suspend'
    default:
      section.error('auto_stop_machines', `found ${JSON.stringify(found)}, allowed is "off", "stop", "suspend", true or false`)
      return undefined
  }
}

/** A table, or the legacy text "soft,hard", which counted requests. */
function readConcurrency(section: Section): ServiceSection['concurrency'] {
  const whole = section.json('concurrency')
  if (whole === undefined) return undefined
  if (typeof whole === 'string') {
    const match = /^\s*(\d+)\s*,\s*(\d+)\s*$/.exec(whole)
    if (match !== null) return { type: 'requests', softLimit: Number(match[1]), hardLimit: Number(match[2]) }
  }
  if (typeof whole !== 'object') {
    section.error('concurrency', `found ${JSON.stringify(whole)}, allowed is a table with type, soft_limit and hard_limit, or "soft,hard"`)
    return undefined
  }
  const table = section.section('concurrency')
  if (table === undefined) return undefined
  const type = table.oneOfIfKnown('type', ['connections', 'requests'], 'connections is used')
  const limits = { min: 0, max: 2 ** 31 - 1 }
  const softLimit = table.integer('soft_limit', limits)
  const hardLimit = table.integer('hard_limit', limits)
  if (softLimit !== undefined && hardLimit && softLimit > hardLimit) table.warn('soft_limit', `is above hard_limit (${softLimit} > ${hardLimit})`)
  table.end()
  return {
    ...(type === undefined ? {} : { type }),
    ...(softLimit === undefined ? {} : { softLimit }),
    ...(hardLimit === undefined ? {} : { hardLimit }),
  }
}

function readPort(section: Section): readonly PortSection[] {
  const port = section.integer('port', ports)
  const startPort = section.integer('start_port', ports)
  const endPort = section.integer('end_port', ports)
  const forceHttps = section.boolean('force_https')
  const handlers = section.strings('handlers')
  const options = {
    tlsOptions: section.json('tls_options'),
    httpOptions: section.json('http_options'),
    proxyProtoOptions: section.json('proxy_proto_options'),
  }
  withoutEffect(section, 'tls_options', 'http_options', 'proxy_proto_options')
  section.end()
  if (port === undefined && (startPort === undefined || endPort === undefined)) {
    if (!section.has('port') && !section.has('start_port'))
      section.warn('port', 'is missing, so the entry has no effect: give port, or start_port and end_port')
    return []
  }
  if (startPort !== undefined && endPort !== undefined && startPort > endPort)
    section.error('start_port', `is above end_port (${startPort} > ${endPort})`)
  if (forceHttps === true && !handlers.includes('http')) section.warn('force_https', 'has no effect without the handler "http" on this port')
  return [
    {
      handlers,
      ...(port === undefined ? {} : { port }),
      ...(startPort === undefined ? {} : { startPort }),
      ...(endPort === undefined ? {} : { endPort }),
      ...(forceHttps === undefined ? {} : { forceHttps }),
      ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    },
  ]
}
