import type { z } from 'zod'
import { fault } from '../../model/fault/fault.ts'

export const jsonLimitBytes = 2 * 1024 * 1024

/** Reads a JSON body to its limit; faults `body_too_large`, `invalid_body`. An empty body is undefined. */
export async function readJson(body: ReadableStream<Uint8Array> | null, limitBytes = jsonLimitBytes): Promise<unknown> {
  if (body === null) return undefined
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > limitBytes) throw fault('body_too_large', { limitBytes })
    chunks.push(chunk)
  }
  if (size === 0) return undefined
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (cause) {
    throw fault('invalid_body', { problems: ['not valid UTF-8'] }, cause)
  }
  if (depthOf(text) > depthLimit) throw fault('invalid_body', { problems: [`nested deeper than ${depthLimit}`] })
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    // The parser's own words quote the body, which may hold a secret; so may a cause, which is logged.
    const at = /at position (\d+)/.exec((cause as Error).message)?.[1]
    throw fault('invalid_body', { problems: [at === undefined ? 'not valid JSON' : `not valid JSON at character ${at}`] })
  }
}

/** What reads a value afterwards goes down by recursion. Brackets within texts count too: no sensible body has so many. */
const depthLimit = 200
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth)
    else if (code === 0x5d || code === 0x7d) depth--
  }
  return deepest
}

/** Field by field: `config.services[0].internal_port: expected number, received string`. */
export function problemsOf(error: z.ZodError): readonly string[] {
  return error.issues.slice(0, 20).map((issue) => {
    let path = ''
    for (const part of issue.path) path += typeof part === 'number' ? `[${part}]` : path === '' ? String(part) : `.${String(part)}`
    const message = issue.message.replace(/^Invalid input: /, '')
    return path === '' ? message : `${path}: ${message}`
  })
}
