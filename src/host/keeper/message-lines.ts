/** Cuts a stream of UTF-8 into the lines of one message each. Throws when one grows beyond the limit: the sender is not one of ours. */
export function messageLines(limitBytes: number, onLine: (line: string) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = []
  let size = 0
  return (chunk) => {
    let at = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, at)) {
      parts.push(chunk.subarray(at, end))
      const line = Buffer.concat(parts)
      if (line.length > limitBytes) throw new RangeError(`a message is longer than ${limitBytes} bytes`)
      parts = []
      size = 0
      at = end + 1
      if (line.length > 0) onLine(line.toString())
    }
    parts.push(chunk.subarray(at))
    size += chunk.length - at
    if (size > limitBytes) throw new RangeError(`a message is longer than ${limitBytes} bytes`)
  }
}
