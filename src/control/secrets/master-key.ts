import { createHmac } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { readIfThere, syncFolder, writeDurably } from '../../kit/durable-file.ts'
import { Secret } from '../../kit/secret.ts'
import { fault } from '../../model/fault/fault.ts'
import type { RandomBytes } from '../../model/ids.ts'

/** Proves that a master key is the one of this data without giving it away. */
export const checkOf = (key: Secret): string => createHmac('sha256', key.reveal()).update('kante master key').digest('hex')
/** 256 bits, base64url: 43 characters. */
export const makeMasterKey = (random: RandomBytes): string => Buffer.from(random(32)).toString('base64url')

/** Where the master key is kept: outside the store and its backup. */
export interface MasterKeySource {
  /** Undefined when there is none yet. */
  current(): Promise<Secret | undefined>
  /** The key of a rotation that has begun. */
  next(): Promise<Secret | undefined>
  /** Makes the first key, or the next one of a rotation. Fault master_key_external where keys come from elsewhere. */
  make(which: 'current' | 'next'): Promise<Secret>
  /** Puts the next key in the place of the current one, of which a copy stays: backups of until now open with it alone. */
  promote(): Promise<void>
  /** For messages. */
  readonly place: string
}

/** In files of mode 0600: `master.key`, `master.key.next` while it is replaced, `master.key.former-<8 digits>` afterwards. */
export function masterKeyFile(path: string, random: RandomBytes): MasterKeySource {
  const nextPath = `${path}.next`
  const read = async (file: string) => {
    const text = (await readIfThere(file))?.trim()
    return text === undefined || text === '' ? undefined : new Secret(text)
  }
  const write = (file: string, key: Secret) => writeDurably(file, `${key.reveal()}\n`, { mode: 0o600 })
  return {
    place: path,
    current: () => read(path),
    next: () => read(nextPath),
    async make(which) {
      const key = new Secret(makeMasterKey(random))
      await write(which === 'current' ? path : nextPath, key)
      return key
    },
    async promote() {
      const former = await read(path)
      if (former !== undefined) await write(`${path}.former-${checkOf(former).slice(0, 8)}`, former)
      await rename(nextPath, path)
      await syncFolder(dirname(path))
    },
  }
}

export const masterKeyVariable = 'KANTE_MASTER_KEY'
/** From the environment: whoever starts the daemon keeps it. To replace it, the daemon is started once with both the new and the former key. */
export const givenMasterKey = (key: Secret, former: Secret | undefined): MasterKeySource => ({
  place: masterKeyVariable,
  current: async () => former ?? key,
  next: async () => (former === undefined ? undefined : key),
  make: async () => {
    throw fault('master_key_external', { variable: masterKeyVariable })
  },
  promote: async () => undefined,
})
