import { fault } from '../model/fault/fault.ts'
import type { BuildSection, DeploySection, FlyConfig, NamedCheck } from './fly-config.ts'
import { checkConfig } from './check-config.ts'
import { readNamedCheck } from './read-checks.ts'
import { given, readFile, readMetrics, readMount, readRestart, readStatic, readVm } from './read-compute.ts'
import { readHttpService, readService } from './read-services.ts'
import { openSection, type Finding, type Findings, type Section } from './section.ts'
import { readTomlDocument, toJson } from './toml-document.ts'

export interface FlyTomlReading {
  readonly config: FlyConfig
  /** The whole file as JSON, unknown keys included: what a release keeps. */
  readonly definition: Readonly<Record<string, unknown>>
  readonly errors: readonly Finding[]
  readonly warnings: readonly Finding[]
}

/** Reads a fly.toml and says everything that is wrong with it at once. Fault config_invalid only for what is no TOML. */
export function readFlyToml(file: string, text: string): FlyTomlReading {
  const document = readTomlDocument(file, text)
  const findings: Findings = { errors: [], warnings: [] }
  const config = readConfig(openSection(document, '', findings))
  checkConfig(config, findings)
  return {
    config,
    definition: toJson(document) as Record<string, unknown>,
    errors: findings.errors.toSorted(byLine),
    warnings: findings.warnings.toSorted(byLine),
  }
}

/** As readFlyToml, for a caller that needs a sound config. Fault config_invalid names the first error and counts the others. */
export function parseFlyToml(file: string, text: string): FlyTomlReading {
  const reading = readFlyToml(file, text)
  const [first, ...others] = reading.errors
  if (first === undefined) return reading
  const more = others.map((other) => `\n${file}:${other.line}: ${other.key}: ${other.problem}`).join('')
  throw fault('config_invalid', { file, line: first.line, key: first.key, problem: first.problem + more })
}

const byLine = (a: Finding, b: Finding) => a.line - b.line

function readConfig(root: Section): FlyConfig {
  const experimental = root.section('experimental')
  const httpService = root.section('http_service')
  const metrics = [...root.sections('metrics'), ...root.sections('metric')].flatMap(readMetrics)
  const legacyMetricsPort = experimental?.integer('metrics_port')
  const legacyMetricsPath = experimental?.string('metrics_path') ?? '/metrics'
  const primaryRegion = root.string('primary_region')
  const env = root.textMap('env')
  const config: FlyConfig = {
    build: readBuild(root.section('build')),
    deploy: readDeploy(root.section('deploy')),
    env,
    processes: readProcesses(root),
    services: [...(httpService === undefined ? [] : [readHttpService(httpService)]), ...root.sections('services').flatMap(readService)],
    checks: readChecks(root),
    mounts: [...root.sections('mounts'), ...root.sections('mount')].filter((mount) => !mount.isEmpty).flatMap(readMount),
    vm: [...root.sections('vm'), ...root.sections('compute'), ...root.sections('computes')].map(readVm),
    restart: root.sections('restart').flatMap(readRestart),
    files: root.sections('files').flatMap(readFile),
    statics: root.sections('statics').flatMap(readStatic),
    metrics:
      metrics.length === 0 && legacyMetricsPort !== undefined
        ? [{ port: legacyMetricsPort, path: legacyMetricsPath, processes: [], line: experimental?.line ?? 0 }]
        : metrics,
    experimental: readExperimental(experimental),
    ...given({
      app: root.string('app'),
      primaryRegion: primaryRegion === '' ? undefined : (primaryRegion ?? env['PRIMARY_REGION']),
      killSignal: readSignal(root),
      killTimeoutMs: readKillTimeout(root) ?? experimental?.durationMs('kill_timeout', 1000),
      swapSizeMb: root.integer('swap_size_mb', { min: 0, max: 1_048_576 }),
      consoleCommand: root.string('console_command'),
    }),
  }
  experimental?.end()
  root.ignore('host_dedication_id')
  withoutEffect(root, 'machine_config', 'container', 'machine_checks')
  root.end()
  return config
}

/** Keys that Fly.io knows and Kante does not carry out yet: better said than passed over. */
function withoutEffect(section: Section, ...keys: readonly string[]): void {
  section.ignore(...keys)
  for (const key of keys) if (section.has(key)) section.warn(key, 'is kept, but not carried out yet')
}

const signals = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGKILL', 'SIGSTOP', 'SIGHUP'] as const
const readSignal = (root: Section) => root.oneOf('kill_signal', signals)

function readKillTimeout(root: Section): number | undefined {
  const ms = root.durationMs('kill_timeout', 1000)
  if (ms !== undefined && ms > 300_000) root.error('kill_timeout', `found ${ms / 1000} s, allowed is up to 300 s`)
  return ms
}

function readBuild(section: Section | undefined): BuildSection {
  if (section === undefined) return { args: {} }
  const buildTarget = section.string('build_target') ?? section.string('build-target')
  const fields = {
    image: section.string('image'),
    dockerfile: section.string('dockerfile'),
    ignorefile: section.string('ignorefile'),
    builder: section.string('builder'),
    builtin: section.string('builtin'),
    buildTarget,
  }
  const args = section.textMap('args')
  section.ignore('buildpacks', 'settings', 'compression', 'compression_level', 'build-target')
  withoutEffect(section, 'compose')
  section.end()
  const strategies = [fields.image, fields.builder, fields.builtin, fields.dockerfile].filter((strategy) => strategy !== undefined)
  if (strategies.length > 1) section.warn('image', 'more than one way to build is given; the first of image, dockerfile, builder counts')
  return { args, ...given(fields) }
}

function readDeploy(section: Section | undefined): DeploySection {
  if (section === undefined) return {}
  const fields = {
    strategy: section.oneOf('strategy', ['rolling', 'immediate', 'canary', 'bluegreen']),
    maxUnavailable: section.number('max_unavailable'),
    waitTimeoutMs: section.durationMs('wait_timeout', 1000),
    releaseCommand: section.string('release_command'),
    releaseCommandTimeoutMs: section.durationMs('release_command_timeout', 1000),
  }
  section.ignore('release_command_vm', 'release_command_compute')
  withoutEffect(section, 'seed_command')
  section.end()
  return given(fields)
}

/** A table of commands, or the legacy list of {name, command}. */
function readProcesses(root: Section): Readonly<Record<string, string>> {
  if (!Array.isArray(root.json('processes'))) return root.textMap('processes')
  const entries = root.sections('processes').flatMap((section) => {
    const name = section.text('name')
    const command = section.text('command') ?? ''
    section.end()
    // flyctl drops entries without a name: its old API wrote an empty one.
    return name === undefined ? [] : [[name, command] as const]
  })
  return Object.fromEntries(entries)
}

/** `[checks.<name>]`, or the legacy list with a name in each. */
function readChecks(root: Section): readonly NamedCheck[] {
  if (!Array.isArray(root.json('checks'))) return root.named('checks').flatMap(([name, section]) => readNamedCheck(name, section))
  return root.sections('checks').flatMap((section, index) => readNamedCheck(section.string('name') ?? `check-${index}`, section))
}

function readExperimental(section: Section | undefined): FlyConfig['experimental'] {
  if (section === undefined) return {}
  const list = (key: string) => (section.has(key) ? section.strings(key) : undefined)
  const commands = { cmd: list('cmd'), entrypoint: list('entrypoint'), exec: list('exec') }
  withoutEffect(section, 'machine_config')
  section.ignore('attached', 'lazy_load_images', 'auto_rollback', 'enable_consul', 'enable_etcd', 'private_network')
  section.ignore('allowed_public_ports', 'metrics_port', 'metrics_path', 'kill_timeout', 'uses_containers', 'boot_timeout')
  return given(commands)
}
