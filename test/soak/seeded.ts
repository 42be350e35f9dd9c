/** A source of chances that a seed decides: the same seed, the same faults in the same order. */
export interface Seeded {
  /** 0 ≤ x < 1 */
  fraction(): number
  between(low: number, high: number): number
  pick<T>(items: readonly T[]): T
}

/** mulberry32 */
export function seeded(seed: number): Seeded {
  let state = seed >>> 0
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    fraction,
    between: (low, high) => low + fraction() * (high - low),
    pick: (items) => {
      const item = items[Math.floor(fraction() * items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
  }
}
