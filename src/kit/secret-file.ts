import { readIfThere, writeDurably } from './durable-file.ts'
import { Secret } from './secret.ts'

/** The secret in a file of mode 0600; made from `make` when there is none. There is no default secret. */
export async function ensureSecretFile(path: string, make: () => string): Promise<Secret> {
  const found = (await readIfThere(path))?.trim()
  if (found !== undefined && found !== '') return new Secret(found)
  const made = make()
  await writeDurably(path, `${made}\n`, { mode: 0o600 })
  return new Secret(made)
}
