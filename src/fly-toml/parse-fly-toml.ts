import { fault } from '../model/fault/fault.ts'
import { isProblem, splitCommandLine } from './command-line.ts'
import type { BuildSection, DeploySection, FlyConfig, NamedCheck } from './fly-config.ts'
import { checkConfig } from './check-config.ts'
import { readMachineCheck, readNamedCheck } from './read-checks.ts'
import { given, readFile, readMetrics, readMount, readRestart, readStatic, readVm } from './read-compute.ts'
import { readHttpService, readService } from './read-services.ts'
import { readKillTimeout, readSignal } from './read-stop.ts'
import { openSection, withoutEffect, type Finding, type Findings, type Section } from './section.ts'
import { readConfigDocument } from './config-document.ts'
import { toJson } from './toml-document.ts'

export interface FlyTomlReading {
  readonly config: FlyConfig
  /** The whole file as JSON, unknown keys included: what a release keeps. */
  readonly definition: Readonly<Record<string, unknown>>
  readonly errors: readonly Finding[]
  readonly warnings: readonly Finding[]
}

/** Reads a fly.toml (or fly.json, fly.yaml) and says everything that is wrong with it at once. Fault config_invalid only for what cannot be read at all. */
export function readFlyToml(file: string, text: string): FlyTomlReading {
  const document = readConfigDocument(file, text)
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

/** Reads a whole config, section by section; what is wrong goes to the section's findings. */
export function readConfig(root: Section): FlyConfig {
  const experimental = root.section('experimental')
  const httpService = root.section('http_service')
  const metrics = [...root.sections('metrics'), ...root.sections('metric')].flatMap(readMetrics)
  const legacyMetricsPort = experimental?.integer('metrics_port')
  const legacyMetricsPath = experimental?.string('metrics_path') ?? '/metrics'
  const primaryRegion = root.string('primary_region')
  const env = root.textMap('env', 'leaveOut')
  const config: FlyConfig = {
    build: readBuild(root.section('build')),
    deploy: readDeploy(root.section('deploy')),
    env,
    processes: readProcesses(root),
    services: [...(httpService === undefined ? [] : [readHttpService(httpService)]), ...root.sections('services').flatMap(readService)],
    checks: readChecks(root),
    machineChecks: root.sections('machine_checks').flatMap(readMachineCheck),
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
      hostDedicationId: root.string('host_dedication_id'),
    }),
  }
  if (config.statics.length > 10) root.warn('statics', `has ${config.statics.length} sections, of which the first 10 count`)
  checkCommand(root, 'console_command', config.consoleCommand)
  experimental?.end()
  withoutEffect(root, 'machine_config', 'container', 'files', 'statics', 'metrics', 'metric')
  root.end()
  return config
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
    buildpacks: section.has('buildpacks') ? section.strings('buildpacks') : undefined,
    compression: section.oneOf('compression', ['gzip', 'zstd']),
    compressionLevel: section.integer('compression_level', { min: 0, max: 9 }),
  }
  const args = section.textMap('args')
  section.ignore('settings', 'build-target')
  withoutEffect(section, 'compose')
  section.end()
  const packs = fields.builder ?? fields.buildpacks?.[0]
  const strategies = [fields.image, packs, fields.builtin, fields.dockerfile ?? buildTarget].filter((strategy) => strategy !== undefined)
  if (strategies.length > 1) section.warn('image', 'more than one way to build is given; the first of image, dockerfile, builder counts')
  return { args, ...given(fields) }
}

function readDeploy(section: Section | undefined): DeploySection {
  if (section === undefined) return {}
  const fields = {
    strategy: section.oneOf('strategy', ['rolling', 'immediate', 'canary', 'bluegreen']),
    maxUnavailable: readShare(section, 'max_unavailable'),
    waitTimeoutMs: section.durationMs('wait_timeout', 1000),
    releaseCommand: section.string('release_command'),
    releaseCommandTimeoutMs: section.durationMs('release_command_timeout', 1000),
    releaseCommandVm: readVmOf(section, 'release_command_vm') ?? readVmOf(section, 'release_command_compute'),
    seedCommand: section.string('seed_command'),
  }
  checkCommand(section, 'release_command', fields.releaseCommand)
  withoutEffect(section, 'seed_command')
  section.end()
  return given(fields)
}

const readVmOf = (section: Section, key: string) => {
  const vm = section.section(key)
  return vm === undefined ? undefined : readVm(vm)
}

/** A number of machines from 1 on, a share of them below; "25%" is a share as well. */
function readShare(section: Section, key: string): number | undefined {
  const text = section.text(key)
  if (text === undefined || text === '') return undefined
  const match = /^\s*(\d{1,9}(?:\.\d{1,9})?)\s*(%?)\s*$/.exec(text)
  const value = match === null ? NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1)
  if (value > 0) return value
  if (value === 0) section.warn(key, 'found 0: no machine may be down, so one at a time is replaced')
  else section.error(key, `found ${JSON.stringify(text)}, allowed is a number of machines, or a share of them such as 0.33 or "25%"`)
  return undefined
}

/** What a shell could not split into words is no command. */
function checkCommand(section: Section, key: string, command: string | undefined): void {
  const words = splitCommandLine(command ?? '')
  if (isProblem(words)) section.error(key, words.problem)
}

/** A table of commands, or the legacy list of {name, command}. */
function readProcesses(root: Section): Readonly<Record<string, string>> {
  const whole = root.json('processes')
  if (!Array.isArray(whole)) {
    const section = typeof whole === 'object' ? root.section('processes') : undefined
    const commands = root.textMap('processes')
    if (section !== undefined) for (const [group, command] of Object.entries(commands)) checkCommand(section, group, command)
    return commands
  }
  // Neither do entries that are no tables count.
  if (!whole.every((item) => typeof item === 'object')) {
    root.warn('processes', 'found a list, allowed is a table of commands; it is left out')
    return {}
  }
  const entries = root.sections('processes').flatMap((section) => {
    const name = section.text('name')
    const command = section.text('command') ?? ''
    checkCommand(section, 'command', command)
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
