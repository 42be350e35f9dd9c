import { isAbsolute } from 'node:path'
import { readIfThere, writeDurably } from './durable-file.ts'

/** A region of the platform on this computer, and the port of its edge. */
export interface PlatformRegion {
  readonly code: string
  readonly name: string
  readonly latitude: number
  readonly longitude: number
  readonly httpPort: number
}
/** What the first `up` decided; the daemon starts from it and nothing else. */
export interface PlatformFile {
  readonly schema: 1
  readonly regions: readonly PlatformRegion[]
  readonly apiPort: number
  /** Absolute. */
  readonly dataDir: string
  /** Apps answer at `<app>.<domain>`. */
  readonly domain: string
  /** RFC 3339 */
  readonly createdAt: string
  /** How long a machine with autostop may be without a request. */
  readonly idleTimeoutMs: number
  /** How long a machine of an autoscaled app rests before it is destroyed; 10 min where it is missing. */
  readonly scaleInAfterMs?: number
  /** What is kept (docs/adr/0018): releases per app with their files, and each host’s logs by age and by size. */
  readonly keepReleases?: number
  readonly keepLogsMs?: number
  readonly keepLogsBytes?: number
}
/** The file is there but is not what it should be. */
export class PlatformFileError extends Error {
  override readonly name = 'PlatformFileError'
}

const sizeLimitBytes = 256 * 1024

/** The platform file, or undefined when there is none yet. Throws PlatformFileError. */
export async function readPlatformFile(path: string): Promise<PlatformFile | undefined> {
  const text = await readIfThere(path)
  return text === undefined ? undefined : parsePlatformFile(path, text)
}

export const writePlatformFile = (path: string, file: PlatformFile): Promise<void> => writeDurably(path, `${JSON.stringify(file, null, 2)}\n`)

/** By hand, because the client and the daemon read it before they load anything big. */
export function parsePlatformFile(path: string, text: string): PlatformFile {
  const wrong = (what: string) => new PlatformFileError(`${path}: ${what}`)
  if (text.length > sizeLimitBytes) throw wrong(`larger than ${sizeLimitBytes} bytes`)
  let found: Record<string, unknown>
  try {
    found = asRecord(JSON.parse(text)) ?? {}
  } catch (cause) {
    throw new PlatformFileError(`${path}: not JSON`, { cause })
  }
  const { schema, regions, apiPort, dataDir, domain, createdAt, idleTimeoutMs, scaleInAfterMs, keepReleases, keepLogsMs, keepLogsBytes } = found
  if (schema !== 1) throw wrong(`schema: found ${JSON.stringify(schema)}, this version reads 1`)
  if (!Array.isArray(regions) || regions.length === 0) throw wrong('regions: a list of at least one region is needed')
  if (!isPort(apiPort)) throw wrong('apiPort: a port is needed')
  if (typeof dataDir !== 'string' || !isAbsolute(dataDir)) throw wrong('dataDir: an absolute path is needed')
  if (typeof domain !== 'string' || domain.length === 0) throw wrong('domain: a host name is needed')
  if (typeof createdAt !== 'string') throw wrong('createdAt: a time is needed')
  if (typeof idleTimeoutMs !== 'number' || !(idleTimeoutMs > 0)) throw wrong('idleTimeoutMs: a positive number is needed')
  if (scaleInAfterMs !== undefined && !(typeof scaleInAfterMs === 'number' && scaleInAfterMs > 0))
    throw wrong('scaleInAfterMs: a positive number is needed')
  const kept = { keepReleases, keepLogsMs, keepLogsBytes }
  for (const [name, value] of Object.entries(kept))
    if (value !== undefined && !(Number.isInteger(value) && isBetween(value, 1, Number.MAX_SAFE_INTEGER)))
      throw wrong(`${name}: a positive whole number is needed`)
  return {
    schema,
    regions: regions.map((region, index) => parseRegion(asRecord(region), (what) => wrong(`regions[${index}].${what}`))),
    apiPort,
    dataDir,
    domain,
    createdAt,
    idleTimeoutMs,
    ...(scaleInAfterMs === undefined ? {} : { scaleInAfterMs }),
    ...(Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)) as Partial<Record<keyof typeof kept, number>>),
  }
}

function parseRegion(found: Record<string, unknown> | undefined, wrong: (what: string) => Error): PlatformRegion {
  const { code, name, latitude, longitude, httpPort } = found ?? {}
  if (typeof code !== 'string' || !/^[a-z][a-z0-9]{1,9}$/.test(code)) throw wrong('code: 2–10 lower-case letters or digits are needed')
  if (typeof name !== 'string') throw wrong('name: a text is needed')
  if (!isBetween(latitude, -90, 90)) throw wrong('latitude: degrees from -90 to 90 are needed')
  if (!isBetween(longitude, -180, 180)) throw wrong('longitude: degrees from -180 to 180 are needed')
  if (!isPort(httpPort)) throw wrong('httpPort: a port is needed')
  return { code, name, latitude, longitude, httpPort }
}

const asRecord = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
const isBetween = (value: unknown, low: number, high: number): value is number => typeof value === 'number' && value >= low && value <= high
const isPort = (value: unknown): value is number => Number.isInteger(value) && isBetween(value, 1, 65_535)
