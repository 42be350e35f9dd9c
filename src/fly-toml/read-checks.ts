import type { CheckSection, MachineCheckSection, NamedCheck } from './fly-config.ts'
import { given } from './read-compute.ts'
import { readKillTimeout, readSignal } from './read-stop.ts'
import type { Section } from './section.ts'

const legacyCheckKeys = ['restart_limit', 'restart_after', 'port']
const legacyNamedCheckKeys = ['restart_limit', 'restart_after', 'script', 'command', 'args', 'name']

export function readTcpCheck(section: Section): CheckSection {
  const check: CheckSection = { type: 'tcp', ...readTimes(section) }
  section.ignore(...legacyCheckKeys)
  section.end()
  return check
}

export function readHttpCheck(section: Section): CheckSection {
  const check: CheckSection = { type: 'http', ...readTimes(section), ...readHttpFields(section) }
  section.ignore(...legacyCheckKeys, 'type')
  section.end()
  return check
}

/** `[checks.<name>]`: gate deploys and show in status, never decide routing (platform-semantics §6). */
export function readNamedCheck(name: string, section: Section): readonly NamedCheck[] {
  const type = section.oneOf('type', ['tcp', 'http'])
  if (type === undefined && !section.has('type')) section.error('type', 'is missing: allowed is tcp, http')
  const port = section.integer('port', { min: 1, max: 65_535 })
  const intervalMs = section.durationMs('interval', 1)
  const timeoutMs = section.durationMs('timeout', 1)
  const graceMs = section.durationMs('grace_period', 1)
  const fields = readHttpFields(section)
  if (intervalMs !== undefined && intervalMs < 2000) section.error('interval', `found ${intervalMs} ms, allowed is 2s or more`)
  if (timeoutMs !== undefined && timeoutMs > 60_000) section.error('timeout', `found ${timeoutMs} ms, allowed is up to 60s`)
  const processes = section.strings('processes')
  section.ignore(...legacyNamedCheckKeys)
  section.end()
  if (type === undefined) return []
  return [
    {
      name,
      type,
      processes,
      line: section.line,
      ...(port === undefined ? {} : { port }),
      ...(intervalMs === undefined ? {} : { intervalMs }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(graceMs === undefined ? {} : { graceMs }),
      ...(type === 'http' ? fields : {}),
    },
  ]
}

/** `[[…machine_checks]]`: a machine of its own that must end with 0 before a deploy goes on (platform-semantics §6). */
export function readMachineCheck(section: Section): readonly MachineCheckSection[] {
  const command = section.strings('command')
  const options = given({
    image: section.string('image'),
    entrypoint: section.has('entrypoint') ? section.strings('entrypoint') : undefined,
    killSignal: readSignal(section),
    killTimeoutMs: readKillTimeout(section),
  })
  section.end()
  if (command.length === 0) section.warn('command', 'is missing, so there is nothing to run; the check is left out')
  return command.length === 0 ? [] : [{ command, line: section.line, ...options }]
}

function readTimes(section: Section) {
  const intervalMs = clamped(section, 'interval', false)
  const timeoutMs = clamped(section, 'timeout', false)
  const graceMs = clamped(section, 'grace_period', true)
  return {
    ...(intervalMs === undefined ? {} : { intervalMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(graceMs === undefined ? {} : { graceMs }),
  }
}

/** Service checks run at 1 s to 60 s; other values are moved there with a warning, as flyctl does. */
function clamped(section: Section, key: string, mayBeZero: boolean): number | undefined {
  const ms = section.durationMs(key, 1)
  if (ms === undefined || (mayBeZero && ms === 0)) return ms
  const inside = Math.min(60_000, Math.max(1000, ms))
  if (inside !== ms) section.warn(key, `${ms / 1000}s is outside 1s to 60s; ${inside / 1000}s is used`)
  return inside
}

function readHttpFields(section: Section) {
  const method = section.string('method')
  const path = section.string('path')
  const protocol = section.oneOfIfKnown('protocol', ['http', 'https'], 'http is used')
  const tlsSkipVerify = section.boolean('tls_skip_verify')
  const tlsServerName = section.string('tls_server_name')
  const headers = readHeaders(section)
  return {
    ...(method === undefined ? {} : { method }),
    ...(path === undefined ? {} : { path }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(tlsSkipVerify === undefined ? {} : { tlsSkipVerify }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(headers.length === 0 ? {} : { headers }),
  }
}

/** A table of names, or the legacy list of {name, value}. */
function readHeaders(section: Section): NonNullable<CheckSection['headers']> {
  const whole = section.json('headers')
  if (whole === undefined) return []
  if (!Array.isArray(whole)) {
    return Object.entries(section.textMap('headers')).map(([name, value]) => ({ name, values: [value] }))
  }
  return section.sections('headers').flatMap((header) => {
    const name = header.string('name')
    const values = header.has('values') ? header.strings('values') : header.strings('value')
    if (name === undefined) header.error('name', 'is missing')
    header.end()
    return name === undefined ? [] : [{ name, values }]
  })
}
