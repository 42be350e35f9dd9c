const newline = 10
const empty = Buffer.alloc(0)

/** Cuts bytes into lines of text. What is refused is counted, never decoded: a flood costs one pass over its bytes. */
export interface LineSplitter {
  /** Asks `accepts` for each line with its size; after a refusal the rest of the chunk is dropped. Returns how many lines were dropped. */
  push(chunk: Buffer, accepts: (sizeBytes: number) => boolean, emit: (line: string) => void): number
  /** The last line, when it had no end. */
  end(emit: (line: string) => void): void
}

/** Lines longer than `limitBytes` come in pieces of that size, cut between characters. */
export function lineSplitter(limitBytes: number): LineSplitter {
  let carry: Buffer = empty
  let isInsideDropped = false
  const emitPieces = (line: Buffer, emit: (line: string) => void) => {
    let from = 0
    while (line.length - from > limitBytes) {
      const to = characterStart(line, from, from + limitBytes)
      emit(line.toString('utf8', from, to))
      from = to
    }
    return line.subarray(from)
  }
  const drop = (chunk: Buffer, from: number) => {
    carry = empty
    isInsideDropped = chunk[chunk.length - 1] !== newline
    return countLines(chunk, from)
  }
  return {
    push(chunk, accepts, emit) {
      let at = 0
      let dropped = 0
      if (isInsideDropped) {
        const end = chunk.indexOf(newline)
        if (end < 0) return 0
        isInsideDropped = false
        dropped = 1
        at = end + 1
      }
      while (at < chunk.length) {
        const end = chunk.indexOf(newline, at)
        if (end < 0) {
          const tail = Buffer.concat([carry, chunk.subarray(at)])
          if (tail.length > limitBytes && !accepts(tail.length)) return dropped + drop(chunk, at)
          carry = Buffer.from(emitPieces(tail, emit))
          break
        }
        if (!accepts(carry.length + end - at)) return dropped + drop(chunk, at)
        const line = carry.length === 0 ? chunk.subarray(at, end) : Buffer.concat([carry, chunk.subarray(at, end)])
        carry = empty
        const last = emitPieces(line, emit)
        emit(last.toString('utf8', 0, last[last.length - 1] === 13 ? last.length - 1 : last.length))
        at = end + 1
      }
      return dropped
    },
    end(emit) {
      if (carry.length > 0) emit(carry.toString('utf8'))
      carry = empty
    },
  }
}

/** A byte loop: `indexOf` per line costs ten times as much when lines are short. */
function countLines(chunk: Buffer, from: number): number {
  let count = 0
  for (let at = from; at < chunk.length; at++) if (chunk[at] === newline) count++
  return count
}

/** The last place at or before `at` where a UTF-8 character begins; `at` itself when the bytes are no UTF-8. */
function characterStart(bytes: Buffer, from: number, at: number): number {
  for (let back = 0; back < 4 && at - back > from; back++) if (((bytes[at - back] ?? 0) & 0xc0) !== 0x80) return at - back
  return at
}
