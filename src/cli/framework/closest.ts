/** The candidate nearest to what was typed, if it is near enough to be a slip of the fingers. */
export function closest(typed: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.min(3, Math.ceil(typed.length / 3)) + 0.5
  for (const candidate of candidates) {
    const distance = candidate.startsWith(typed) && typed.length >= 3 ? 0.5 : editDistance(typed, candidate)
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** Levenshtein, with a swap of neighbours as one slip; inputs are cut at 64 characters. */
export function editDistance(left: string, right: string): number {
  const a = left.slice(0, 64)
  const b = right.slice(0, 64)
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let distance = Math.min((row[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) distance = Math.min(distance, (before[j - 2] ?? 0) + 1)
      current.push(distance)
    }
    before = row
    row = current
  }
  return row[b.length] ?? 0
}
