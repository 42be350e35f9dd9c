import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere, writeDurably } from '../../../kit/durable-file.ts'
import { keyedQueue } from '../../../kit/keyed-queue.ts'
import type { Log } from '../../../kit/log.ts'
import type { Digest, MachineId } from '../../../model/ids.ts'
import type { BundleStore } from '../../bundles/bundle-store.ts'
import { cloneTree } from './clone-tree.ts'

/**
 * `machines/<id>/root`: the writable files of a machine, `app` (its working folder) and `home`. Fly.io gives every start a fresh root (semantics §3.4): the next
 * one is laid ready in `next` while the machine is stopped, so that a start only renames.
 */
export interface MachineFolders {
  /** Lays the next root ready. Idempotent per bundle; the root in use is not touched. */
  arm(machine: MachineId, bundle: Digest): Promise<void>
  /** Puts the armed root in place, arming it first when need be. */
  enter(machine: MachineId, bundle: Digest): Promise<MachineRoot>
  rootOf(machine: MachineId): MachineRoot
  remove(machine: MachineId): Promise<void>
  /** Removes the folders of all others. */
  sweep(kept: ReadonlySet<string>): Promise<void>
}
export interface MachineRoot {
  readonly app: string
  readonly home: string
}

export async function openMachineFolders(
  deps: { readonly bundles: BundleStore; readonly log: Log },
  options: { readonly dir: string },
): Promise<MachineFolders> {
  const trash = join(options.dir, '.trash')
  await mkdir(trash, { recursive: true, mode: 0o700 })
  const queue = keyedQueue()
  const armed = new Map<MachineId, Digest | undefined>()
  const folderOf = (machine: MachineId) => join(options.dir, machine)
  const rootOf = (machine: MachineId) => partsOf(join(folderOf(machine), 'root'))

  /** Out of the way at once; the bytes go in their own time. */
  const throwAway = async (path: string) => {
    const thrown = join(trash, randomBytes(6).toString('hex'))
    try {
      await rename(path, thrown)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw error
    }
    rm(thrown, { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) =>
      deps.log.warn('an old root was not removed', { path: thrown, error }),
    )
  }
  const armedOf = async (machine: MachineId) => {
    if (!armed.has(machine)) armed.set(machine, (await readIfThere(join(folderOf(machine), 'next.bundle'))) as Digest | undefined)
    return armed.get(machine)
  }
  const arm = async (machine: MachineId, digest: Digest) => {
    if ((await armedOf(machine)) === digest) return
    const folder = folderOf(machine)
    const bundle = await deps.bundles.bundle(digest)
    const next = join(folder, 'next')
    armed.set(machine, undefined)
    await rm(join(folder, 'next.bundle'), { force: true })
    await throwAway(next)
    const parts = partsOf(next)
    for (const path of Object.values(parts)) await mkdir(path, { recursive: true, mode: 0o755 })
    for (const layer of bundle.layers) {
      await cloneTree(await deps.bundles.layer(layer), parts.app, layer.role === 'dependencies' ? 'link' : 'copy')
    }
    await writeDurably(join(folder, 'next.bundle'), digest)
    armed.set(machine, digest)
  }
  // What a killed daemon was throwing away.
  for (const name of await readdir(trash)) await rm(join(trash, name), { recursive: true, force: true })
  return {
    rootOf,
    arm: (machine, digest) => queue.run(machine, () => arm(machine, digest)),
    enter: (machine, digest) =>
      queue.run(machine, async () => {
        await arm(machine, digest)
        const folder = folderOf(machine)
        armed.set(machine, undefined)
        // In this order: a root without its note is laid anew, a note without its root would be believed.
        await rm(join(folder, 'next.bundle'), { force: true })
        await throwAway(join(folder, 'root'))
        await rename(join(folder, 'next'), join(folder, 'root'))
        return rootOf(machine)
      }),
    remove: (machine) =>
      queue.run(machine, async () => {
        armed.delete(machine)
        await throwAway(folderOf(machine))
      }),
    async sweep(kept) {
      for (const name of await readdir(options.dir)) {
        if (!/^[0-9a-f]{14}$/.test(name) || kept.has(name)) continue
        deps.log.info('the folder of a machine that is not recorded is removed', { machine: name })
        await throwAway(join(options.dir, name))
      }
    },
  }
}

const partsOf = (root: string): MachineRoot => ({ app: join(root, 'app'), home: join(root, 'home') })
