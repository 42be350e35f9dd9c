import type { Compare, Entry } from './contract.ts'

/** Whether a comparison holds for the key's entry, missing ones counting as in `Compare`. Pure. */
export function compareHolds(compare: Compare, entry: Entry | undefined): boolean {
  if (compare.target === 'value') return entry !== undefined && (entry.value === compare.to) === (compare.is === '=')
  const found = entry?.[compare.target] ?? 0
  switch (compare.is) {
    case '=':
      return found === compare.to
    case '!=':
      return found !== compare.to
    case '<':
      return found < compare.to
    case '>':
      return found > compare.to
  }
}
