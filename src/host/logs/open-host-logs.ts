import { mkdirSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import type { Clock } from '../../kit/clock.ts'
import { type Log, silentLog } from '../../kit/log.ts'
import type { AppName, RegionCode } from '../../model/ids.ts'
import { logIds } from '../keeper/log-id.ts'
import { type AppWriter, openAppWriter } from './app-writer.ts'
import { followLogs } from './follow-logs.ts'
import type { HostLogs } from './log-contract.ts'
import { pinFile, readSource, sourcesOf } from './log-files.ts'
import { appLogDir, hostLogFile, machineLogFile } from './log-paths.ts'
import { applyRetention, type RetentionRule } from './log-retention.ts'
import { mergeLines } from './stored-line.ts'

export interface HostLogsOptions {
  /** HOSTDIR/logs */
  readonly dir: string
  readonly region: RegionCode
  readonly retention?: RetentionRule
}
/** A week, and a gigabyte for all apps of the host. */
const defaultRetention: RetentionRule = { keepMs: 7 * 24 * 3600 * 1000, totalBytes: 1024 ** 3 }
const retentionEveryMs = 3600 * 1000
const messageLimit = 16 * 1024

/** The logs of this host: a folder per app, in it a file per machine (its keeper's) and `host.ndjson` (ours). */
export async function openHostLogs(deps: { readonly clock: Clock; readonly log?: Log }, options: HostLogsOptions): Promise<HostLogs> {
  const { clock, log = silentLog } = deps
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  const ids = logIds('host', () => clock.now())
  const writers = new Map<AppName, AppWriter>()
  let retentionTimer: Disposable | undefined
  let isClosed = false

  const writerOf = (app: AppName) => {
    const known = writers.get(app)
    if (known) return known
    mkdirSync(appLogDir(options.dir, app), { recursive: true, mode: 0o700 })
    const writer = openAppWriter({ ids, log }, hostLogFile(options.dir, app))
    writers.set(app, writer)
    return writer
  }
  const retain = async () => {
    try {
      await applyRetention(options.dir, clock.now(), options.retention ?? defaultRetention)
    } catch (error) {
      log.warn('old logs were not removed', { error })
    }
    if (!isClosed) retentionTimer = clock.timer(retentionEveryMs, () => void retain())
  }
  await retain()

  return {
    append({ app, machine, provider, level, message, atMs }) {
      try {
        writerOf(app).append({ machine, provider, level, message: message.slice(0, messageLimit), ...(atMs === undefined ? {} : { at: atMs }) })
      } catch (error) {
        log.warn('a log line is lost', { app, error })
      }
    },
    async read(query) {
      // What was appended before the question is in the answer.
      await writers.get(query.app)?.flush()
      const parts = await Promise.all(
        (await sourcesOf(options.dir, options.region, query)).map(async (source) => {
          const pinned = await pinFile(source.path)
          try {
            return await readSource(source, pinned, query)
          } finally {
            await pinned?.handle.close()
          }
        }),
      )
      const lines = mergeLines(parts)
      return query.after === undefined ? lines.slice(-query.limit) : lines.slice(0, query.limit)
    },
    follow: (query, signal) => followLogs({ clock }, options, query, signal),
    async remove(app, machine) {
      const file = machineLogFile(options.dir, app, machine)
      for (const path of [file, `${file}.1`]) await rm(path, { force: true })
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      retentionTimer?.[Symbol.dispose]()
      await Promise.all([...writers.values()].map((writer) => writer.close()))
    },
  }
}
