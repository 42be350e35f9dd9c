const exponents: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4, p: 5 }

/** `512mb`, `1 GiB`, `2g`, `256Mi` or a bare number of `bareUnitBytes`; bytes, or nothing when it is no size. Units count in 1024s, those of volumes in 1000s. */
export function parseSize(text: string, bareUnitBytes: number, base: 1000 | 1024 = 1024): number | undefined {
  const match = /^\s*(\d{1,12}(?:\.\d{1,6})?)\s*(?:([kmgtp])i?b?|b)?\s*$/i.exec(text)
  if (match?.[1] === undefined) return undefined
  return Number(match[1]) * (match[2] === undefined ? (/b/i.test(text) ? 1 : bareUnitBytes) : base ** (exponents[match[2].toLowerCase()] ?? 0))
}
