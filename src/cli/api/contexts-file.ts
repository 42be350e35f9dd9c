import { ensureFolder, readIfThere, writeDurably } from '../../kit/durable-file.ts'
import { dirname } from 'node:path'

/** A platform elsewhere: by address, or by SSH to the computer it runs on. */
export interface SavedContext {
  readonly api?: string
  /** `user@host`, as given to ssh. */
  readonly ssh?: string
  /** Where the API listens over there. */
  readonly apiPort: number
  readonly token: string
}
export interface Contexts {
  /** `local` is the platform of KANTE_HOME and not in the table. */
  readonly current: string
  readonly contexts: Readonly<Record<string, SavedContext>>
}
const none: Contexts = { current: 'local', contexts: {} }

export async function readContexts(path: string): Promise<Contexts> {
  const text = await readIfThere(path)
  if (text === undefined) return none
  const found = JSON.parse(text) as { readonly current?: unknown; readonly contexts?: unknown } | null
  const contexts = Object.entries((found?.contexts ?? {}) as Record<string, Partial<SavedContext>>).flatMap(([name, saved]) =>
    typeof saved.token === 'string' && (typeof saved.api === 'string' || typeof saved.ssh === 'string')
      ? [[name, { ...saved, token: saved.token, apiPort: saved.apiPort ?? 4280 }] as const]
      : [],
  )
  return { current: typeof found?.current === 'string' ? found.current : 'local', contexts: Object.fromEntries(contexts) }
}

/** 0600: it holds tokens. */
export async function writeContexts(path: string, contexts: Contexts): Promise<void> {
  await ensureFolder(dirname(path))
  await writeDurably(path, `${JSON.stringify({ schema: 1, ...contexts }, null, 2)}\n`, { mode: 0o600 })
}
