import { constants } from 'node:fs'
import { copyFile, link, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * How a layer's files come into a machine's own folder. copy: files of its own (shared blocks where the file system can: COPYFILE_FICLONE). link: the same
 * files, for what programs read and never change, at a tenth of the cost; new files beside them are the machine's own.
 */
export type CloneMode = 'copy' | 'link'

const atOnce = 16

/** Lays the tree of `from` over `to`; what `to` has under the same names gives way, folders merge. */
export async function cloneTree(from: string, to: string, mode: CloneMode): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o755 })
  const entries = await readdir(from, { withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory())
  for (let at = 0; at < files.length; at += atOnce) {
    await Promise.all(files.slice(at, at + atOnce).map((entry) => place(entry.isSymbolicLink(), join(from, entry.name), join(to, entry.name), mode)))
  }
  for (const entry of entries) if (entry.isDirectory()) await cloneTree(join(from, entry.name), join(to, entry.name), mode)
}

async function place(isSymlink: boolean, from: string, to: string, mode: CloneMode): Promise<void> {
  const put = async () => {
    if (isSymlink) return symlink(await readlink(from), to)
    if (mode === 'link') return link(from, to)
    // Never over a file that is there: it may be a linked one, and the layer's own would be overwritten.
    return copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  }
  try {
    await put()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') {
      await rm(to, { recursive: true, force: true })
      await put()
    } else if (code === 'EMLINK' || code === 'EXDEV') {
      await copyFile(from, to, constants.COPYFILE_FICLONE)
    } else {
      throw error
    }
  }
}
