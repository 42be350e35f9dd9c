import type { FileSection, MetricsSection, MountSection, RestartSection, StaticSection, VmSection } from './fly-config.ts'
import { parseSize } from './size-text.ts'
import { withoutEffect, type Section } from './section.ts'

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
    persistRootfs: section.oneOfIfKnown('persist_rootfs', ['never', 'restart', 'always'], 'never is used'),
    maxMemoryMb: section.integer('max_memory_mb', { min: 1, max: 1_048_576 }),
  }
  const processes = section.strings('processes')
  withoutEffect(section, 'gpus', 'gpu_kind', 'kernel_args', 'persist_rootfs')
  section.end()
  return { processes, line: section.line, ...given(fields) }
}

/** `memory_mb` before `memory` (text with a unit, or megabytes), as flyctl lays one over the other. */
function readMemory(section: Section): number | undefined {
  const text = section.text('memory')
  const plain = section.integer('memory_mb', { min: 1, max: 1_048_576 })
  if (text === undefined || text === '') return plain
  const bytes = parseSize(text, 1024 ** 2)
  if (bytes === undefined) {
    section.warn(
      'memory',
      `found ${JSON.stringify(text)}, allowed is megabytes or a size such as "512mb" or "1gb"; ${plain ?? 'the size’s own'} is used`,
    )
    return plain
  }
  return plain ?? Math.floor(bytes / 1024 ** 2)
}

/** Volumes are sized in units of 1000, as flyctl sizes them; memory in units of 1024. */
const gigabyte = 1000 ** 3
export function readMount(section: Section): readonly MountSection[] {
  const source = section.string('source')
  const destination = section.string('destination')
  const options = given({
    initialSizeGb: readGigabytes(section, 'initial_size', Infinity),
    snapshotRetention: section.integer('snapshot_retention', { min: 1, max: 60 }),
    hasScheduledSnapshots: section.boolean('scheduled_snapshots'),
    extendThresholdPercent: section.integer('auto_extend_size_threshold', { min: 0, max: 99 }) || undefined,
    extendByGb: readGigabytes(section, 'auto_extend_size_increment', 100),
    extendToGb: readGigabytes(section, 'auto_extend_size_limit', 500),
  })
  const processes = section.strings('processes')
  section.ignore('encrypted')
  checkAutoExtend(section, options)
  if (destination === '/') section.error('destination', 'found "/", allowed is a folder below it')
  if (destination === undefined) section.warn('destination', 'is missing, so the volume is mounted nowhere; the section is left out')
  section.end()
  return destination === undefined ? [] : [{ source: source ?? 'data', destination, processes, line: section.line, ...options }]
}

/** flyctl: threshold and increment only together, the limit may be missing (platform-semantics §7.4). */
function checkAutoExtend(section: Section, options: Partial<MountSection>): void {
  const { extendThresholdPercent: threshold, extendByGb: increment, extendToGb: limit } = options
  if (threshold === undefined && increment === undefined && limit === undefined) return
  if (threshold === undefined || threshold < 50)
    section.error(
      'auto_extend_size_threshold',
      `found ${threshold ?? 'nothing'}, allowed is a whole number from 50 to 99, together with auto_extend_size_increment`,
    )
  if (increment === undefined && !section.has('auto_extend_size_increment'))
    section.error('auto_extend_size_increment', 'is missing: auto_extend_size_threshold and auto_extend_size_limit need it')
}

function readGigabytes(section: Section, key: string, max: number): number | undefined {
  const text = section.text(key)
  if (text === undefined || text === '') return undefined
  const gigabytes = (parseSize(text, gigabyte, 1000) ?? 0) / gigabyte
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
  const local = section.string('local_path')
  const secret = section.string('secret_name')
  const raw = section.string('raw_value')
  const processes = section.strings('processes')
  section.ignore('mode')
  section.end()
  // In flyctl's order: where several are given, the first counts.
  const contents: readonly FileSection['content'][] = [
    ...(local === undefined || local === '' ? [] : [{ kind: 'local' as const, path: local }]),
    ...(secret === undefined || secret === '' ? [] : [{ kind: 'secret' as const, name: secret }]),
    ...(raw === undefined ? [] : [{ kind: 'raw' as const, value: raw }]),
  ]
  const [content, ...more] = contents
  if (guestPath === undefined || content === undefined) {
    section.warn('guest_path', 'is left out: it needs guest_path and one of local_path, secret_name, raw_value')
    return []
  }
  if (more.length > 0) section.warn('guest_path', `has more than one content; the first of local_path, secret_name, raw_value counts`)
  return [{ guestPath, content, processes, line: section.line }]
}

export function readStatic(section: Section): readonly StaticSection[] {
  const guestPath = section.string('guest_path')
  const urlPrefix = section.string('url_prefix')
  const options = given({ tigrisBucket: section.string('tigris_bucket'), indexDocument: section.text('index_document') })
  section.end()
  if (guestPath === undefined || urlPrefix === undefined) {
    section.warn(guestPath === undefined ? 'guest_path' : 'url_prefix', 'is missing; the section is left out')
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
