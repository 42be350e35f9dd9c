import { type FileHandle, open, rename } from 'node:fs/promises'

/** A file that blocks of whole lines are appended to; beyond its limit it becomes `….1`, in place of the one before, and a new one begins. */
export class LogFile implements AsyncDisposable {
  readonly #path: string
  readonly #limitBytes: number
  #file: FileHandle | undefined
  #sizeBytes = 0

  constructor(path: string, limitBytes: number) {
    this.#path = path
    this.#limitBytes = limitBytes
  }

  /** One call at a time. */
  async write(block: Uint8Array): Promise<void> {
    if (this.#sizeBytes >= this.#limitBytes) await this.#rotate()
    const file = (this.#file ??= await this.#open())
    for (let at = 0; at < block.length;) {
      const { bytesWritten } = await file.write(block, at)
      at += bytesWritten
      this.#sizeBytes += bytesWritten
    }
  }
  async #open(): Promise<FileHandle> {
    const file = await open(this.#path, 'a', 0o600)
    this.#sizeBytes = (await file.stat()).size
    return file
  }
  async #rotate(): Promise<void> {
    await this[Symbol.asyncDispose]()
    this.#sizeBytes = 0
    await rename(this.#path, `${this.#path}.1`)
  }
  async [Symbol.asyncDispose](): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }
}
