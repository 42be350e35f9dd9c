import type { FileSection, MetricsSection, MountSection, RestartSection, StaticSection, VmSection } from './fly-config.ts'
import { parseSize } from './size-text.ts'
import type { Section } from './section.ts'

export function readVm(section: Section): VmSection {
  const memoryMb = readMemory(section)
  const fields = {
    size: section.string('size'),
    memoryMb,
    cpus: section.integer('cpus', { min: 1, max: 256 }),
    cpuKind: section.string('cpu_kind'),
    gpus: section.integer('gpus', { min: 0, max: 16 }),
    gpuKind: section.string('gpu_kind'),
    kernelArgs: section.has('kernel_args') ? section.strings('kernel_args') : undefined,
    hostDedicationId: section.string('host_dedication_id'),
    persistRootfs: section.oneOf('persist_rootfs', ['never', 'restart', 'always']),
  }
  const processes = section.strings('processes')
  section.ignore('max_memory_mb')
  section.end()
  return { processes, line: section.line, ...given(fields) }
}

/** `memory` (text with a unit, or megabytes) before `memory_mb`. */
function readMemory(section: Section): number | undefined {
  const text = section.text('memory')
  const plain = section.integer('memory_mb', { min: 1, max: 1_048_576 })
  if (text === undefined || text === '') return plain
  const bytes = parseSize(text, 1024 ** 2)
  if (bytes === undefined) {
    section.error('memory', `found ${JSON.stringify(text)}, allowed is megabytes or a size such as "512mb" or "1gb"`)
    return plain
  }
  return Math.round(bytes / 1024 ** 2)
}

const gib = 1024 ** 3
export function readMount(section: Section): readonly MountSection[] {
  const source = section.string('source')
  const destination = section.string('destination')
  const options = given({
    initialSizeGb: readGigabytes(section, 'initial_size', Infinity),
    snapshotRetention: section.integer('snapshot_retention', { min: 1, max: 60 }),
    extendThresholdPercent: section.integer('auto_extend_size_threshold', { min: 50, max: 99 }),
    extendByGb: readGigabytes(section, 'auto_extend_size_increment', 100),
    extendToGb: readGigabytes(section, 'auto_extend_size_limit', 500),
  })
  const processes = section.strings('processes')
  section.ignore('scheduled_snapshots')
  if (destination === '/') section.error('destination', 'found "/", allowed is a folder below it')
  if (destination === undefined) section.error('destination', 'is missing')
  section.end()
  return destination === undefined ? [] : [{ source: source ?? 'data', destination, processes, line: section.line, ...options }]
}

function readGigabytes(section: Section, key: string, max: number): number | undefined {
  const text = section.text(key)
  if (text === undefined || text === '') return undefined
  const gigabytes = (parseSize(text, gib) ?? 0) / gib
  if (gigabytes >= 1 && gigabytes <= max) return Math.floor(gigabytes)
  section.error(
    key,
    `found ${JSON.stringify(text)}, allowed is gigabytes or a size such as "20gb", 1 GB ${max === Infinity ? 'or more' : `to ${max} GB`}`,
  )
  return undefined
}

export function readRestart(section: Section): readonly RestartSection[] {
  const policy = section.oneOf('policy', ['never', 'on-failure', 'always', 'no', 'on-fail'])
  const retries = section.integer('retries', { min: 0, max: 1_000_000 })
  const processes = section.strings('processes')
  if (policy === undefined && !section.has('policy')) section.error('policy', 'is missing: allowed is never, on-failure, always')
  section.end()
  if (policy === undefined) return []
  const normal = policy === 'no' ? 'never' : policy === 'on-fail' ? 'on-failure' : policy
  return [{ policy: normal, processes, line: section.line, ...given({ retries }) }]
}

export function readFile(section: Section): readonly FileSection[] {
  const guestPath = section.string('guest_path')
  const raw = section.string('raw_value')
  const local = section.string('local_path')
  const secret = section.string('secret_name')
  const processes = section.strings('processes')
  section.ignore('mode')
  section.end()
  if (guestPath === undefined) {
    section.error('guest_path', 'is missing')
    return []
  }
  const contents: readonly FileSection['content'][] = [
    ...(raw === undefined ? [] : [{ kind: 'raw' as const, value: raw }]),
    ...(local === undefined ? [] : [{ kind: 'local' as const, path: local }]),
    ...(secret === undefined ? [] : [{ kind: 'secret' as const, name: secret }]),
  ]
  const [content, ...more] = contents
  if (content === undefined || more.length > 0) {
    section.error('guest_path', 'needs exactly one of raw_value, local_path, secret_name')
    return []
  }
  return [{ guestPath, content, processes, line: section.line }]
}

export function readStatic(section: Section): readonly StaticSection[] {
  const guestPath = section.string('guest_path')
  const urlPrefix = section.string('url_prefix')
  const options = given({ tigrisBucket: section.string('tigris_bucket'), indexDocument: section.text('index_document') })
  section.end()
  if (guestPath === undefined || urlPrefix === undefined) {
    section.error(guestPath === undefined ? 'guest_path' : 'url_prefix', 'is missing')
    return []
  }
  return [{ guestPath, urlPrefix, ...options }]
}

export function readMetrics(section: Section): readonly MetricsSection[] {
  const port = section.integer('port', { min: 1, max: 65_535 })
  const path = section.string('path') ?? '/metrics'
  const https = section.boolean('https')
  const processes = section.strings('processes')
  section.end()
  return port === undefined ? [] : [{ port, path, processes, line: section.line, ...given({ https }) }]
}

/** The keys that have a value: exactOptionalPropertyTypes knows no `undefined`. */
export function given<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]?: Exclude<Fields[Key], undefined>
  }
}
