import type { Clock } from '../../kit/clock.ts'
import type { RandomBytes } from '../../model/ids.ts'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const digits = (value: number, count: number): string => {
  let text = ''
  let rest = value
  for (let i = 0; i < count; i++) {
    text = (alphabet[rest % 32] as string) + text
    rest = Math.floor(rest / 32)
  }
  return text
}

/** Ids in Fly.io's form, `<ULID>-<region>`: time, eight random characters of this edge, a counter. Unique per edge, and cheap: the time part is renewed once a millisecond. */
export function openRequestIds(clock: Pick<Clock, 'now'>, random: RandomBytes, region: string): () => string {
  const seed = [...random(8)].map((octet) => alphabet[octet % 32]).join('')
  let lastMs = -1
  let prefix = ''
  let counter = 0
  return () => {
    const now = clock.now()
    if (now !== lastMs) {
      lastMs = now
      prefix = digits(now, 10) + seed
    }
    counter = (counter + 1) % 32 ** 8
    return `${prefix}${paddedBase32(counter)}-${region}`
  }
}

const pairs = Array.from({ length: 1024 }, (_, i) => digits(i, 2))
const paddedBase32 = (value: number): string => {
  const low = value % 2 ** 20
  const high = Math.floor(value / 2 ** 20)
  return `${pairs[high >> 10]}${pairs[high & 1023]}${pairs[low >> 10]}${pairs[low & 1023]}`
}
