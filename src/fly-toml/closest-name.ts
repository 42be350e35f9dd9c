/** The known name a typo most likely meant: at most a third of its letters differ, or most of its words are the same. */
export function closestName(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase().replaceAll('-', '_')
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const candidate of known) {
    const distance = editDistance(wanted.slice(0, 64), candidate)
    if (distance <= Math.max(1, Math.floor(candidate.length / 3)) && distance < (best?.distance ?? Infinity)) best = { name: candidate, distance }
  }
  return best?.name ?? sameWords(wanted, known)
}

/** `auto_machine_stop` means auto_stop_machines, `target` build_target. */
function sameWords(wanted: string, known: Iterable<string>): string | undefined {
  const wordsOf = (name: string) => new Set(name.split('_').map((word) => word.replace(/s$/, '')))
  const found = wordsOf(wanted)
  let best: { readonly name: string; readonly share: number } | undefined
  for (const candidate of known) {
    const words = wordsOf(candidate)
    const share = [...words].filter((word) => found.has(word)).length / new Set([...words, ...found]).size
    if (share >= 0.5 && share > (best?.share ?? 0)) best = { name: candidate, share }
  }
  return best?.name
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
