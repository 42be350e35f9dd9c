import { fault } from '../../model/fault/fault.ts'
import { parseRegionCode } from '../../model/ids.ts'
import type { Region } from '../../model/region/region.ts'
import type { PlatformFile, PlatformRegion } from '../../kit/platform-file.ts'

/** What was typed at `up`; undefined where nothing was. */
export interface UpFlags {
  readonly regions: readonly string[]
  readonly dataDir: string | undefined
  readonly httpPort: number | undefined
  readonly apiPort: number | undefined
  readonly idleTimeoutMs: number | undefined
  readonly scaleInAfterMs?: number | undefined
  readonly keepReleases?: number | undefined
  readonly keepLogsMs?: number | undefined
  readonly keepLogsBytes?: number | undefined
}
export interface PlatformPlan {
  readonly file: PlatformFile
  /** What differs from the platform as it was: nothing at the first `up`. */
  readonly changes: readonly PlatformChange[]
  readonly removedRegions: readonly string[]
}
export interface PlatformChange {
  readonly flag: string
  readonly from: string
  readonly to: string
}
const defaults = {
  regions: ['fra'],
  httpPort: 8080,
  apiPort: 4280,
  idleTimeoutMs: 5000,
  scaleInAfterMs: 600_000,
  keepReleases: 20,
  keepLogsMs: 7 * 24 * 3_600_000,
  keepLogsBytes: 1024 ** 3,
  domain: 'localhost',
} as const

/**
 * The platform that an `up` means: what was typed, else what the first `up` decided, else the defaults. The first region of `--regions` gets
 * `--http-port`, each further one the next port.
 */
export function planPlatform(
  typed: UpFlags,
  before: PlatformFile | undefined,
  known: readonly Region[],
  options: { readonly defaultDataDir: string; readonly nowMs: number },
): PlatformPlan {
  const codes = typed.regions.length > 0 ? typed.regions : (before?.regions.map((region) => region.code) ?? defaults.regions)
  const firstPort = typed.httpPort ?? before?.regions[0]?.httpPort ?? defaults.httpPort
  const file: PlatformFile = {
    schema: 1,
    regions: codes.map((code, index) => placeRegion(code, firstPort + index, known, before)),
    apiPort: typed.apiPort ?? before?.apiPort ?? defaults.apiPort,
    dataDir: typed.dataDir ?? before?.dataDir ?? options.defaultDataDir,
    domain: before?.domain ?? defaults.domain,
    createdAt: before?.createdAt ?? new Date(options.nowMs).toISOString(),
    idleTimeoutMs: typed.idleTimeoutMs ?? before?.idleTimeoutMs ?? defaults.idleTimeoutMs,
    scaleInAfterMs: typed.scaleInAfterMs ?? before?.scaleInAfterMs ?? defaults.scaleInAfterMs,
    keepReleases: typed.keepReleases ?? before?.keepReleases ?? defaults.keepReleases,
    keepLogsMs: typed.keepLogsMs ?? before?.keepLogsMs ?? defaults.keepLogsMs,
    keepLogsBytes: typed.keepLogsBytes ?? before?.keepLogsBytes ?? defaults.keepLogsBytes,
  }
  refuseClashes(file)
  const after = new Set(file.regions.map((region) => region.code))
  return {
    file,
    changes: before === undefined ? [] : changesBetween(before, file),
    removedRegions: (before?.regions ?? []).map((region) => region.code).filter((code) => !after.has(code)),
  }
}

function placeRegion(text: string, httpPort: number, known: readonly Region[], before: PlatformFile | undefined): PlatformRegion {
  const code = parseRegionCode(text)
  const region = known.find((each) => each.code === code) ?? before?.regions.find((each) => each.code === code)
  if (region === undefined)
    throw fault('invalid_value', {
      field: '--regions',
      found: code,
      rule: `one of ${known.map((each) => each.code).join(', ')}; --region-file adds others`,
    })
  return { code, name: region.name, latitude: region.latitude, longitude: region.longitude, httpPort }
}

function refuseClashes(file: PlatformFile): void {
  const codes = file.regions.map((region) => region.code)
  const twice = codes.find((code, index) => codes.indexOf(code) !== index)
  if (twice !== undefined)
    throw fault('invalid_value', { field: '--regions', found: codes.join(','), rule: `each region once; ${twice} stands there twice` })
  const last = file.regions[file.regions.length - 1]
  if (last !== undefined && last.httpPort > 65_535)
    throw fault('invalid_value', {
      field: '--http-port',
      found: file.regions[0]?.httpPort,
      rule: `at most ${65_536 - file.regions.length}, for ${file.regions.length} regions`,
    })
  const clash = file.regions.find((region) => region.httpPort === file.apiPort)
  if (clash !== undefined)
    throw fault('invalid_value', {
      field: '--api-port',
      found: file.apiPort,
      rule: `a port that no edge has; the one of ${clash.code} listens on it`,
    })
}

/** What an `up` asks for against what there is, in the words of its flags. */
export function changesBetween(before: PlatformFile, after: PlatformFile): readonly PlatformChange[] {
  const fields = (file: PlatformFile): readonly (readonly [string, string])[] => [
    ['--regions', file.regions.map((region) => region.code).join(',')],
    ['--http-port', String(file.regions[0]?.httpPort)],
    ['--api-port', String(file.apiPort)],
    ['--data', file.dataDir],
    ['--idle-timeout', `${file.idleTimeoutMs / 1000}s`],
    ['--scale-in-after', `${(file.scaleInAfterMs ?? defaults.scaleInAfterMs) / 1000}s`],
    ['--keep-releases', String(file.keepReleases ?? defaults.keepReleases)],
    ['--keep-logs', `${(file.keepLogsMs ?? defaults.keepLogsMs) / 1000}s`],
    ['--keep-logs-mb', String((file.keepLogsBytes ?? defaults.keepLogsBytes) / 1024 ** 2)],
  ]
  const was = fields(before)
  return fields(after).flatMap(([flag, to], index) => {
    const from = was[index]?.[1] ?? ''
    return from === to ? [] : [{ flag, from, to }]
  })
}
