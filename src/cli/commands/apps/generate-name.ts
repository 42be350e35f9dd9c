const first = [
  'amber',
  'brave',
  'calm',
  'dawn',
  'early',
  'frosty',
  'gentle',
  'hazy',
  'icy',
  'jolly',
  'keen',
  'lively',
  'misty',
  'nimble',
  'quiet',
  'rustic',
  'silent',
  'tidy',
  'vivid',
  'wild',
]
const second = [
  'bay',
  'brook',
  'cliff',
  'coast',
  'dune',
  'field',
  'fjord',
  'forest',
  'glade',
  'harbor',
  'hill',
  'island',
  'lake',
  'meadow',
  'moor',
  'ridge',
  'river',
  'shore',
  'valley',
  'wave',
]

/** `quiet-harbor-4821`. */
export function generateName(random: () => number): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? ''
  return `${pick(first)}-${pick(second)}-${String(Math.floor(random() * 10_000)).padStart(4, '0')}`
}
