import type { LogLine } from '../../protocol/log-line.ts'
import { type LogSource, type PinnedFile, pinFile } from './log-files.ts'
import { parseStoredLine } from './stored-line.ts'

const readBytes = 256 * 1024
const newline = 10

/** One file that is being written to, read from a place on; follows it through rotations. */
export interface LogTail extends AsyncDisposable {
  /** What was written since, as far as whole lines go; empty when there is nothing new. */
  next(): Promise<readonly LogLine[]>
}

/** `from`: what has been read already; without it from the file's beginning. */
export function openLogTail(source: LogSource, from: PinnedFile | undefined): LogTail {
  let pinned = from
  let offset = from?.sizeBytes ?? 0
  let carry: Buffer = Buffer.alloc(0)

  const readMore = async (file: PinnedFile) => {
    const chunk = Buffer.alloc(readBytes)
    const { bytesRead } = await file.handle.read(chunk, 0, readBytes, offset)
    offset += bytesRead
    const bytes = Buffer.concat([carry, chunk.subarray(0, bytesRead)])
    const end = bytes.lastIndexOf(newline) + 1
    carry = bytes.subarray(end)
    return bytes.toString('utf8', 0, end)
  }
  const switchFile = async (to: PinnedFile | undefined) => {
    await pinned?.handle.close()
    pinned = to
    offset = 0
    carry = Buffer.alloc(0)
  }
  return {
    async next() {
      for (;;) {
        pinned ??= await pinFile(source.path)
        if (pinned === undefined) return []
        const text = await readMore(pinned)
        if (text !== '') return text.split('\n').flatMap((line) => (line === '' ? [] : (parseStoredLine(line, source.origin) ?? [])))
        const current = await pinFile(source.path)
        if (current === undefined || current.inode === pinned.inode) {
          await current?.handle.close()
          return []
        }
        // Rotated. The writer closed the old file before it moved it, so one more look finds its very end.
        const rest = await readMore(pinned)
        await switchFile(current)
        if (rest !== '') return rest.split('\n').flatMap((line) => (line === '' ? [] : (parseStoredLine(line, source.origin) ?? [])))
      }
    },
    [Symbol.asyncDispose]: () => switchFile(undefined),
  }
}
