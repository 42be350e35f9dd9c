import { dirname } from 'node:path'
import { fault } from '../../model/fault/fault.ts'
import { ensureFolder, readIfThere, writeDurably } from '../../kit/durable-file.ts'

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
const sizeLimit = 1024 * 1024
const none: Contexts = { current: 'local', contexts: {} }

/** The file's contexts; `local` alone where there is no file. Fault invalid_value. */
export async function readContexts(path: string): Promise<Contexts> {
  const text = await readIfThere(path)
  return text === undefined ? none : parseContexts(path, text)
}

export function parseContexts(path: string, text: string): Contexts {
  const wrong = (found: unknown, cause?: unknown) => fault('invalid_value', { field: path, found, rule: 'what `kante context add` writes' }, cause)
  if (text.length > sizeLimit) throw wrong(`${text.length} characters`)
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch (cause) {
    throw wrong('no JSON', cause)
  }
  const { current, contexts } = recordOf(found) ?? {}
  const table = contexts === undefined ? {} : recordOf(contexts)
  if (table === undefined) throw wrong(typeof contexts)
  return {
    current: typeof current === 'string' ? current : none.current,
    contexts: Object.fromEntries(
      Object.entries(table).map(([name, value]) => {
        const saved = parseContext(value)
        if (saved === undefined) throw wrong(`context ${name}`)
        return [name, saved]
      }),
    ),
  }
}

function parseContext(value: unknown): SavedContext | undefined {
  const { api, ssh, apiPort = 4280, token } = recordOf(value) ?? {}
  if (typeof token !== 'string' || typeof apiPort !== 'number') return undefined
  if (typeof ssh === 'string') return { ssh, apiPort, token }
  return typeof api === 'string' ? { api, apiPort, token } : undefined
}
const recordOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined

/** 0600: it holds tokens. */
export async function writeContexts(path: string, contexts: Contexts): Promise<void> {
  await ensureFolder(dirname(path))
  await writeDurably(path, `${JSON.stringify({ schema: 1, ...contexts }, null, 2)}\n`, { mode: 0o600 })
}
