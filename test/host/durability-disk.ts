import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Why this computer cannot cut the power of a disk, or undefined where it can. */
export async function cannotCutPower(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root for loop mounts'
  for (const program of ['mkfs.xfs', 'mkfs.ext4']) {
    try {
      await run(program, ['-V'])
    } catch {
      return `needs ${program} (Debian: xfsprogs, e2fsprogs)`
    }
  }
  try {
    await using _ = await openDisk(await mkdtemp(join(tmpdir(), 'kante-disk-')))
  } catch (error) {
    return `no loop mounts here: ${error instanceof Error ? error.message : String(error)}`
  }
  return undefined
}

/** A disk whose state can be copied at an instant, as a power cut would leave it: without what was not yet written to it. */
export interface Disk extends AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string
  /** Copies the disk, all at one instant, mounts the copy and shows it. */
  afterPowerCut<T>(look: (path: string) => Promise<T>): Promise<T>
}

/**
 * An ext4 image, loop-mounted; the image lies on an xfs image, whose FICLONE copies it atomically. What the ext4 keeps in its page cache is not
 * in the image; what was synced is.
 */
export async function openDisk(folder: string): Promise<Disk> {
  await using opening = new AsyncDisposableStack()
  opening.defer(() => rm(folder, { recursive: true, force: true }))
  const [outerImage, outer, inner, look] = [join(folder, 'outer.img'), join(folder, 'outer'), join(folder, 'disk'), join(folder, 'look')]
  for (const path of [outer, inner, look]) await mkdir(path)
  await makeImage(outerImage, 1024, ['mkfs.xfs', '-q', '-m', 'reflink=1'])
  opening.use(await mount(outerImage, outer))
  const innerImage = join(outer, 'disk.img')
  await makeImage(innerImage, 96, ['mkfs.ext4', '-q', '-F'])
  opening.use(await mount(innerImage, inner))
  const ending = opening.move()
  return {
    path: inner,
    async afterPowerCut(show) {
      const copy = join(outer, 'copy.img')
      await copyFile(innerImage, copy, constants.COPYFILE_FICLONE_FORCE)
      try {
        await using _ = await mount(copy, look)
        return await show(look)
      } finally {
        await rm(copy)
      }
    },
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  }
}

/** A sparse file with a file system in it. */
export async function makeImage(path: string, sizeMib: number, [program = '', ...args]: readonly string[]): Promise<void> {
  await writeFile(path, '')
  await truncate(path, sizeMib * 1024 * 1024)
  await run(program, [...args, path])
}

/** Mounts until disposed. */
export async function mount(source: string, path: string, options: readonly string[] = ['-o', 'loop']): Promise<AsyncDisposable> {
  await run('mount', [...options, source, path])
  return {
    async [Symbol.asyncDispose]() {
      try {
        await run('umount', [path])
      } catch (error) {
        await run('umount', ['--lazy', path])
        throw error
      }
    },
  }
}
