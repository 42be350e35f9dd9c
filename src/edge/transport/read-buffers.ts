const sharedBytes = 65_536
const privateBytes = 262_144
const maxPrivate = 64
/** A read of so much earns a buffer of its own. */
export const largeReadBytes = 32_768

/**
 * Where sockets read into. All share one buffer, whose bytes are used up within the read's callback. A connection that carries a large body gets
 * a buffer of its own, which is written to the other side uncopied (a quarter less CPU on 100 KB bodies); at most 64 of these exist.
 */
export class ReadBuffers {
  readonly shared = Buffer.allocUnsafeSlow(sharedBytes)
  readonly #free: Buffer[] = []
  #lent = 0

  /** A buffer of 256 KB, or undefined when all are lent. */
  borrow(): Buffer | undefined {
    if (this.#lent === maxPrivate) return undefined
    this.#lent++
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(privateBytes)
  }
  giveBack(buffer: Buffer): void {
    this.#lent--
    if (this.#free.length < 8) this.#free.push(buffer)
  }
  /** The buffer is still in use elsewhere and will be collected; another may be made in its place. */
  lose(): void {
    this.#lent--
  }
}
