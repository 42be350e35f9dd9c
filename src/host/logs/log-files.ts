import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseMachineId, type RegionCode } from '../../model/ids.ts'
import type { LogLine, LogQuery } from '../../protocol/log-line.ts'
import { appLogDir } from './log-paths.ts'
import { readBackward } from './read-backward.ts'
import { type LineOrigin, parseStoredLine } from './stored-line.ts'

/** One writer's file: a machine's, or the host's own. */
export interface LogSource {
  readonly path: string
  readonly origin: LineOrigin
}

const suffix = '.ndjson'
const machineName = /^[0-9a-f]{14}$/

/** The source that a file name stands for, or undefined when the query does not ask for it. */
export function sourceOf(logsDir: string, region: RegionCode, query: LogQuery, name: string): LogSource | undefined {
  if (!name.endsWith(suffix)) return undefined
  const writer = name.slice(0, -suffix.length)
  const path = join(appLogDir(logsDir, query.app), name)
  if (writer === 'host') return { path, origin: { app: query.app, machine: '', region } }
  if (!machineName.test(writer) || (query.machine !== undefined && query.machine !== writer)) return undefined
  return { path, origin: { app: query.app, machine: parseMachineId(writer), region } }
}

export async function sourcesOf(logsDir: string, region: RegionCode, query: LogQuery): Promise<readonly LogSource[]> {
  const names = await orIfMissing(readdir(appLogDir(logsDir, query.app)), [])
  return names.flatMap((name) => sourceOf(logsDir, region, query, name) ?? [])
}

export const isAsked = (line: LogLine, query: LogQuery): boolean => query.machine === undefined || line.machine === query.machine

export interface PinnedFile {
  readonly handle: FileHandle
  readonly inode: number
  readonly sizeBytes: number
}
/** Undefined when there is no such file. Once open, its rotation does not matter. */
export async function pinFile(path: string): Promise<PinnedFile | undefined> {
  const handle = await orIfMissing(open(path, 'r'), undefined)
  if (handle === undefined) return undefined
  const { ino, size } = await handle.stat()
  return { handle, inode: ino, sizeBytes: size }
}

/** The newest `limit` lines of a source, or all after `query.after`, oldest first: of the pinned file and, as far as need be, of the one before it. */
export async function readSource(source: LogSource, pinned: PinnedFile | undefined, query: LogQuery): Promise<readonly LogLine[]> {
  const lines: LogLine[] = []
  if (pinned && (await collect(source, pinned, query, lines))) return lines.toReversed()
  const older = await pinFile(`${source.path}.1`)
  if (older === undefined) return lines.toReversed()
  await using _handle = older.handle
  // It may have moved there just now.
  if (older.inode !== pinned?.inode) await collect(source, older, query, lines)
  return lines.toReversed()
}

/** True when the rest is not asked for. */
async function collect(source: LogSource, pinned: PinnedFile, query: LogQuery, into: LogLine[]): Promise<boolean> {
  for await (const text of readBackward(pinned.handle, pinned.sizeBytes)) {
    const line = parseStoredLine(text, source.origin)
    if (line === undefined || !isAsked(line, query)) continue
    if (query.after === undefined ? into.length >= query.limit : line.id <= query.after) return true
    into.push(line)
  }
  return false
}

export async function orIfMissing<T, U>(action: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await action
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise
    throw error
  }
}
