import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExitInfo } from './keeper-protocol.ts'

/** `runs/<runId>.json`: written before a process is started and again when its pid is known, so that none is ever without a record. */
export interface RunRecord {
  readonly runId: string
  readonly kind: 'machine' | 'service'
  readonly bootId: string
  /** 0: it was about to be started. */
  readonly pid: number
  readonly startTime: string
}

export interface RunRecords {
  writeRun(record: RunRecord): void
  removeRun(runId: string): void
  runs(): readonly RunRecord[]
  /** Durable when it resolves. */
  writeExit(exit: ExitInfo): Promise<void>
  removeExit(runId: string): void
  exits(): readonly ExitInfo[]
}

const recordLimitBytes = 64 * 1024
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
/** Run ids are file names. */
export const isRunId = (text: unknown): text is string => typeof text === 'string' && namePattern.test(text)

/** The records of one host's keeper: runs that may live, and exits that nobody has acknowledged. */
export function openRunRecords(dir: string): RunRecords {
  const runsDir = join(dir, 'runs')
  const exitsDir = join(dir, 'exits')
  for (const folder of [runsDir, exitsDir]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  return {
    // Without fsync: what these guard against is the keeper's death, and the computer's ends the processes too.
    writeRun(record) {
      const path = join(runsDir, `${record.runId}.json`)
      writeFileSync(`${path}.tmp`, JSON.stringify(record), { mode: 0o600 })
      renameSync(`${path}.tmp`, path)
    },
    removeRun: (runId) => rmSync(join(runsDir, `${runId}.json`), { force: true }),
    runs: () => readAll(runsDir).filter(isRunRecord),
    async writeExit(exit) {
      const path = join(exitsDir, `${exit.runId}.json`)
      await writeSynced(`${path}.tmp`, JSON.stringify(exit))
      await rename(`${path}.tmp`, path)
      await syncFolder(exitsDir)
    },
    removeExit: (runId) => rmSync(join(exitsDir, `${runId}.json`), { force: true }),
    exits: () => readAll(exitsDir).filter(isExitInfo),
  }
}

async function writeSynced(path: string, text: string) {
  await using file = await open(path, 'w', 0o600)
  await file.writeFile(text)
  await file.sync()
}
async function syncFolder(path: string) {
  await using folder = await open(path, 'r')
  await folder.sync()
}

/** A file that is cut off or foreign is no record: it was never acknowledged to anybody. */
function readAll(folder: string): readonly unknown[] {
  return readdirSync(folder).flatMap((name) => {
    if (!name.endsWith('.json')) return []
    const text = readFileSync(join(folder, name), 'utf8')
    if (text.length > recordLimitBytes) return []
    const record = parseJson(text)
    return record === undefined ? [] : [record]
  })
}
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null
const isRunRecord = (value: unknown): value is RunRecord =>
  isRecord(value) && isRunId(value['runId']) && Number.isInteger(value['pid']) && typeof value['startTime'] === 'string'
const isExitInfo = (value: unknown): value is ExitInfo =>
  isRecord(value) && isRunId(value['runId']) && Number.isInteger(value['exitCode']) && isRecord(value['meta'])
