import type { FileHandle } from 'node:fs/promises'

const chunkBytes = 64 * 1024
const newline = 10

/** The whole lines of a file before `endBytes`, the last one first. Reads only as far back as they are taken. */
export async function* readBackward(file: FileHandle, endBytes: number): AsyncGenerator<string> {
  let carry: Buffer = Buffer.alloc(0)
  // What follows the last newline is still being written.
  let isCut = true
  for (let end = endBytes; end > 0; end -= chunkBytes) {
    const start = Math.max(0, end - chunkBytes)
    const chunk = Buffer.alloc(end - start)
    const { bytesRead } = await file.read(chunk, 0, chunk.length, start)
    const bytes = Buffer.concat([chunk.subarray(0, bytesRead), carry])
    let lineEnd = bytes.length
    for (let at = bytes.lastIndexOf(newline); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(newline, at - 1)) {
      if (!isCut && lineEnd > at + 1) yield bytes.toString('utf8', at + 1, lineEnd)
      isCut = false
      lineEnd = at
    }
    carry = bytes.subarray(0, lineEnd)
  }
  if (!isCut && carry.length > 0) yield carry.toString()
}
