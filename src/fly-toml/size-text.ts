const factors: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

/** `512mb`, `1 GiB`, `2g` or a bare number of `bareUnitBytes`; bytes, or nothing when it is no size. Units count in 1024s, as flyctl's do. */
export function parseSize(text: string, bareUnitBytes: number): number | undefined {
  const match = /^\s*(\d{1,12}(?:\.\d{1,6})?)\s*(?:([bkmgt])(?:i?b)?)?\s*$/i.exec(text)
  if (match?.[1] === undefined) return undefined
  return Number(match[1]) * (match[2] === undefined ? bareUnitBytes : (factors[match[2].toLowerCase()] ?? 1))
}
