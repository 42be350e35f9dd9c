import type { Clock } from '../../kit/clock.ts'

export interface BlockWriterDeps {
  readonly clock: Pick<Clock, 'timer'>
  /** Writes a block somewhere slow; the block is the writer's again when it settles. Rejects when the lines in it are lost. */
  readonly write: (block: Uint8Array) => Promise<void>
  /** The line that tells of lost ones. */
  readonly lostLine: (count: number) => string
  readonly onError: (error: unknown) => void
}
export interface BlockWriterOptions {
  readonly blockBytes: number
  /** A line waits so long at most while the sink is free. */
  readonly everyMs: number
}
interface Block {
  readonly bytes: Buffer
  usedBytes: number
  lines: number
}

/**
 * Collects lines of ASCII in one block of memory while another is being written: adding never waits and allocates nothing. When both are full, lines are
 * lost and counted, and the next block begins with a line that says how many.
 */
export class BlockWriter implements AsyncDisposable {
  readonly #deps: BlockWriterDeps
  readonly #options: BlockWriterOptions
  #filling: Block
  /** Undefined while it is being written. */
  #spare: Block | undefined
  #writing: Promise<void> = Promise.resolve()
  #timer: Disposable | undefined
  #lost = 0
  #isTold = true

  constructor(deps: BlockWriterDeps, options: BlockWriterOptions) {
    this.#deps = deps
    this.#options = options
    this.#filling = { bytes: Buffer.allocUnsafeSlow(options.blockBytes), usedBytes: 0, lines: 0 }
    this.#spare = { bytes: Buffer.allocUnsafeSlow(options.blockBytes), usedBytes: 0, lines: 0 }
  }

  /** Lines that were not written, of which a line in the log will tell. */
  get lost(): number {
    return this.#lost
  }

  add(line: string): void {
    if (this.#filling.usedBytes + line.length > this.#options.blockBytes) this.#writeOut()
    const block = this.#filling
    if (block.usedBytes + line.length > this.#options.blockBytes) {
      this.#lost++
      return
    }
    block.usedBytes += block.bytes.write(line, block.usedBytes, 'latin1')
    block.lines++
    if (this.#timer === undefined) this.#wait()
  }

  /** Gives what is there to the sink, when that is free; else the end of the write under way does. */
  #writeOut(): void {
    const block = this.#filling
    const next = this.#spare
    if (next === undefined || block.lines + this.#lost === 0) return
    this.#spare = undefined
    this.#filling = next
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#writing = this.#write(block)
  }
  async #write(block: Block): Promise<void> {
    const told = this.#lost
    let isWritten = true
    try {
      if (told > 0) await this.#deps.write(Buffer.from(this.#deps.lostLine(told), 'latin1'))
      this.#lost -= told
      if (block.lines > 0) await this.#deps.write(block.bytes.subarray(0, block.usedBytes))
    } catch (error) {
      isWritten = false
      this.#lost += block.lines
      if (this.#isTold) this.#deps.onError(error)
    }
    this.#isTold = isWritten
    block.usedBytes = block.lines = 0
    this.#spare = block
    // Lines that came meanwhile have waited long enough, unless the sink fails: then the timer asks again.
    if (isWritten && this.#timer === undefined) this.#writeOut()
    else if (this.#timer === undefined && this.#filling.lines > 0) this.#wait()
  }
  #wait(): void {
    this.#timer = this.#deps.clock.timer(this.#options.everyMs, () => {
      this.#timer = undefined
      this.#writeOut()
    })
  }

  /** Resolves when everything added so far is written or lost. */
  async flush(): Promise<void> {
    await this.#writing
    this.#writeOut()
    await this.#writing
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush()
    this.#timer?.[Symbol.dispose]()
  }
}
