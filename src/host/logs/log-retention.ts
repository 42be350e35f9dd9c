import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { orIfMissing } from './log-files.ts'

export interface OldLog {
  readonly path: string
  readonly sizeBytes: number
  readonly writtenAtMs: number
}
export interface RetentionRule {
  readonly keepMs: number
  readonly totalBytes: number
}

/** Which rotated files go: the too old, then the oldest until the rest fits. Files that are written to never do: each has its own cap. Pure. */
export function planRetention(old: readonly OldLog[], currentBytes: number, nowMs: number, rule: RetentionRule): readonly string[] {
  let total = currentBytes + old.reduce((sum, log) => sum + log.sizeBytes, 0)
  const gone: string[] = []
  for (const log of old.toSorted((a, b) => a.writtenAtMs - b.writtenAtMs)) {
    if (nowMs - log.writtenAtMs <= rule.keepMs && total <= rule.totalBytes) break
    gone.push(log.path)
    total -= log.sizeBytes
  }
  return gone
}

export async function applyRetention(logsDir: string, nowMs: number, rule: RetentionRule): Promise<void> {
  const old: OldLog[] = []
  let currentBytes = 0
  for (const app of await orIfMissing(readdir(logsDir, { withFileTypes: true }), [])) {
    if (!app.isDirectory()) continue
    for (const name of await orIfMissing(readdir(join(logsDir, app.name)), [])) {
      const path = join(logsDir, app.name, name)
      const stats = await orIfMissing(stat(path), undefined)
      if (stats === undefined) continue
      if (name.endsWith('.1')) old.push({ path, sizeBytes: stats.size, writtenAtMs: stats.mtimeMs })
      else currentBytes += stats.size
    }
  }
  for (const path of planRetention(old, currentBytes, nowMs, rule)) await rm(path, { force: true })
}
