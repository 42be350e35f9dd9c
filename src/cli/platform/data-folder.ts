import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fault } from '../../model/fault/fault.ts'
import { ensureFolder, writeDurably } from '../../kit/durable-file.ts'

/** Lies in every data folder of ours: without it nothing is started there and nothing is deleted. */
const markerName = '.kante-data.json'

export type DataFolder = 'absent' | 'empty' | 'ours' | 'foreign'

export async function lookAtDataFolder(dir: string): Promise<DataFolder> {
  let names: readonly string[]
  try {
    names = await readdir(dir)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return 'absent'
    if (code === 'ENOTDIR') return 'foreign'
    throw fault('home_unusable', { path: dir, reason: (error as Error).message }, error)
  }
  if (names.includes(markerName)) return (await isOurMarker(join(dir, markerName))) ? 'ours' : 'foreign'
  return names.length === 0 ? 'empty' : 'foreign'
}

async function isOurMarker(path: string): Promise<boolean> {
  try {
    const found = JSON.parse(await readFile(path, 'utf8')) as { readonly kante?: unknown } | null
    return found?.kante === 'data'
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

/** Makes the folder ours if it is absent or empty; throws foreign_data when it holds something else. */
export async function claimDataFolder(dir: string, home: string, nowMs: number): Promise<void> {
  const found = await lookAtDataFolder(dir)
  if (found === 'foreign') throw fault('foreign_data', { path: dir, reason: `it is not empty and has no ${markerName}` })
  if (found === 'ours') return
  try {
    await ensureFolder(dir)
    await writeDurably(join(dir, markerName), `${JSON.stringify({ kante: 'data', schema: 1, home, createdAt: new Date(nowMs).toISOString() })}\n`)
  } catch (cause) {
    throw fault('home_unusable', { path: dir, reason: (cause as Error).message }, cause)
  }
}
