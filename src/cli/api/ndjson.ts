import { StringDecoder } from 'node:string_decoder'

/** Longest line that is read, characters: a deploy event or a log line is far below. */
const lineLimit = 4 * 1024 * 1024

/** The values of an NDJSON stream, one by one; empty lines are heartbeats and skipped. */
export async function* readNdjson<T>(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<T, void, undefined> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    let start = 0
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', start)) {
      const line = rest.slice(start, end).trim()
      start = end + 1
      if (line.length > 0) yield JSON.parse(line) as T
    }
    rest = rest.slice(start)
    if (rest.length > lineLimit) throw new Error(`a line of the answer is longer than ${lineLimit} characters`)
  }
  rest += decoder.end()
  if (rest.trim().length > 0) yield JSON.parse(rest) as T
}
