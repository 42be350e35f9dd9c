import { isUtf8 } from 'node:buffer'
import { isSecretName, secretLimits } from '../../model/secret.ts'
import { UsageError } from '../framework/usage-error.ts'

const textLimit = 2 * 1024 * 1024
export type SecretValues = Readonly<Record<string, string>>

/** `NAME=VALUE` words; a value `-` is what stdin holds. Messages never hold a value. */
export async function secretsOfWords(words: readonly string[], stdin: () => Promise<string>): Promise<SecretValues> {
  let input: string | undefined
  const values = Object.create(null) as Record<string, string>
  for (const word of words) {
    const { name, value } = pairOf(word)
    if (value === '-') input ??= (await stdin()).replace(/\r?\n$/, '')
    values[name] = value === '-' ? (input ?? '') : value
  }
  return { ...values }
}

/**
 * Lines of NAME=VALUE as `secrets import` takes them: empty ones and comments are skipped, a value may be in quotes, or begin with three double quotes and
 * end lines later with three.
 */
export function secretsOfText(text: string): SecretValues {
  if (text.length > textLimit) throw new UsageError(`the input is longer than ${textLimit} characters`)
  const values = Object.create(null) as Record<string, string>
  const lines = text.split(/\r?\n/)
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue
    const { name, value } = pairOf(line.trimStart().replace(/^export\s+/, ''), at + 1)
    if (!value.startsWith('"""')) {
      values[name] = unquoted(value.trim())
      continue
    }
    const parts = [value.slice(3)]
    while (!parts.at(-1)?.endsWith('"""')) {
      const next = lines[++at]
      if (next === undefined) throw new UsageError(`${name}: its value begins with """ and does not end`)
      parts.push(next)
    }
    values[name] = parts.join('\n').slice(0, -3)
  }
  return { ...values }
}

function pairOf(text: string, line?: number): { readonly name: string; readonly value: string } {
  const at = text.indexOf('=')
  const name = text.slice(0, Math.max(0, at)).trim()
  const where = line === undefined ? '' : `line ${line}: `
  // What stands where a name should be may be a value.
  if (at < 1 || !isSecretName(name)) throw new UsageError(`${where}secrets are given as NAME=VALUE, a name being letters, digits and underscores`)
  const value = text.slice(at + 1)
  if (value.length > secretLimits.valueBytes) throw new UsageError(`${where}${name}: its value is longer than ${secretLimits.valueBytes} bytes`)
  return { name, value }
}

const unquoted = (value: string): string => (value.length >= 2 && /^(?:"[^]*"|'[^]*')$/.test(value) ? value.slice(1, -1) : value)

/** To its end, or to the limit; UTF-8 only. */
export async function readAll(stream: AsyncIterable<string | Uint8Array>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk as Uint8Array))
    size += chunk.length
    if (size > textLimit) throw new UsageError(`the input is longer than ${textLimit} bytes`)
  }
  const bytes = Buffer.concat(chunks)
  // Bytes that are no UTF-8 would be replaced without a word: another secret than the one meant.
  if (!isUtf8(bytes)) throw new UsageError('the input is no UTF-8 text', 'encode it first, as with `base64`')
  return bytes.toString('utf8')
}
