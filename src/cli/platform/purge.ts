import { readdir, rm, rmdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fault } from '../../model/fault/fault.ts'
import type { PlatformPaths } from '../../kit/platform-paths.ts'
import { lookAtDataFolder } from './data-folder.ts'
import { lockFileOf } from './home-lock.ts'

/** Deletes the data of a stopped platform, its token, key and flags. A data folder without our marker is left alone and reported. Contexts stay. */
export async function purgePlatform(paths: PlatformPaths): Promise<void> {
  const found = await lookAtDataFolder(paths.data)
  if (found === 'foreign') throw fault('foreign_data', { path: paths.data, reason: 'it has no marker of ours, so it is not deleted' })
  for (const path of [
    paths.data,
    paths.runDir,
    paths.logsDir,
    paths.platformFile,
    paths.pidFile,
    paths.tokenFile,
    ...(await masterKeyFiles(paths)),
    lockFileOf(paths.home),
  ])
    await rm(path, { recursive: true, force: true })
  try {
    await rmdir(paths.home)
  } catch (error) {
    // Contexts, or something of the user's own, lie there still.
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/** With those of rotations: what they open has just been deleted. */
async function masterKeyFiles(paths: PlatformPaths): Promise<readonly string[]> {
  const name = basename(paths.masterKeyFile)
  const names = await readdir(paths.home)
  return names.filter((found) => found === name || found.startsWith(`${name}.`)).map((found) => join(paths.home, found))
}
