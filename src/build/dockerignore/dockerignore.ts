/** Decides by path, relative and with `/`, whether a file stays out of the build context. */
export interface IgnoreRules {
  isIgnored(path: string): boolean
  /** Whether something below an ignored folder could be let in again: only then must it be walked. */
  mayHaveExceptions(folder: string): boolean
}

export const maxIgnoreBytes = 256 * 1024
interface Rule {
  readonly isException: boolean
  readonly segments: readonly string[]
}

/** Reads a .dockerignore by Docker's rules: comments, `!`, `*`, `?`, `[…]`, `**`; a folder's rule holds for all below it; the last rule that fits decides. */
export function parseDockerignore(text: string): IgnoreRules {
  const rules = text
    .slice(0, maxIgnoreBytes)
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap(readRule)
  const hasExceptions = rules.some((rule) => rule.isException)
  return {
    isIgnored: (path) => {
      const segments = path.split('/')
      let isIgnored = false
      for (const rule of rules) if (rule.isException === isIgnored && coversPath(rule, segments)) isIgnored = !rule.isException
      return isIgnored
    },
    mayHaveExceptions: (folder) => hasExceptions && rules.some((rule) => rule.isException && mayReachBelow(rule.segments, folder.split('/'))),
  }
}

function readRule(line: string): readonly Rule[] {
  if (line.startsWith('#')) return []
  const trimmed = line.trim()
  const isException = trimmed.startsWith('!')
  const pattern = (isException ? trimmed.slice(1).trim() : trimmed).slice(0, 1024)
  const segments: string[] = []
  for (const segment of pattern.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment === '..') segments.pop()
    else if (segment.startsWith('**') && segment !== '**') segments.push('**', segment.replace(/^\*+/, '*'))
    else if (segment !== '**' || segments.at(-1) !== '**') segments.push(segment)
  }
  // `a/**` is all below a, not a itself.
  if (segments.at(-1) === '**') segments.push('*')
  return segments.length === 0 ? [] : [{ isException, segments }]
}

/** The rule fits the path itself or a folder above it. `reached`: the places in the pattern that are possible after each segment of the path. */
function coversPath(rule: Rule, path: readonly string[]): boolean {
  const pattern = rule.segments
  let reached = skipStars(pattern, new Set([0]))
  for (const segment of path) {
    reached = step(pattern, reached, segment)
    if (reached.has(pattern.length)) return true
    if (reached.size === 0) return false
  }
  return false
}

function step(pattern: readonly string[], reached: ReadonlySet<number>, segment: string): Set<number> {
  const next = new Set<number>()
  for (const at of reached) {
    const part = pattern[at]
    if (part === '**') next.add(at)
    else if (part !== undefined && matchSegment(part, segment)) next.add(at + 1)
  }
  return skipStars(pattern, next)
}

/** `**` stands for nothing, too: the position behind it is reached as well. */
function skipStars(pattern: readonly string[], positions: Set<number>): Set<number> {
  for (const at of positions) if (pattern[at] === '**') positions.add(at + 1)
  return positions
}

/** An exception for the folder itself, for one above it or for something below it. */
function mayReachBelow(pattern: readonly string[], folder: readonly string[]): boolean {
  let reached = skipStars(pattern, new Set([0]))
  for (const segment of folder) {
    if (reached.has(pattern.length)) return true
    reached = step(pattern, reached, segment)
  }
  return reached.size > 0
}

/** One segment against a glob of `*`, `?`, `[a-z]`, `[^x]` and `\` escapes, in time pattern × name. */
export function matchSegment(glob: string, name: string): boolean {
  const tokens = tokensOf(glob)
  let reached = new Set([0])
  const skip = (positions: Set<number>) => {
    for (const at of positions) if (tokens[at] === '*') positions.add(at + 1)
    return positions
  }
  reached = skip(reached)
  for (const char of name) {
    const next = new Set<number>()
    for (const at of reached) {
      const token = tokens[at]
      if (token === '*') next.add(at)
      else if (token !== undefined && (typeof token === 'string' ? token === '?' : token(char))) next.add(at + 1)
    }
    reached = skip(next)
    if (reached.size === 0) return false
  }
  return reached.has(tokens.length)
}

type Token = '*' | '?' | ((char: string) => boolean)
function tokensOf(glob: string): readonly Token[] {
  const tokens: Token[] = []
  const chars = Array.from(glob)
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? ''
    if (char === '*') {
      if (tokens.at(-1) !== '*') tokens.push('*')
    } else if (char === '?') tokens.push('?')
    else if (char === '[' && chars.indexOf(']', i + 2) > 0) {
      const end = chars.indexOf(']', i + 2)
      tokens.push(classOf(chars.slice(i + 1, end)))
      i = end
    } else {
      const literal = char === '\\' && i + 1 < chars.length ? (chars[++i] ?? '') : char
      tokens.push((found) => found === literal)
    }
  }
  return tokens
}

function classOf(chars: readonly string[]): (char: string) => boolean {
  const isNegated = chars[0] === '^' || chars[0] === '!'
  const body = isNegated ? chars.slice(1) : chars
  return (found) => {
    let isInside = false
    for (let i = 0; i < body.length; i++) {
      const low = body[i] ?? ''
      if (body[i + 1] === '-' && i + 2 < body.length) {
        if (found >= low && found <= (body[i + 2] ?? '')) isInside = true
        i += 2
      } else if (found === low) isInside = true
    }
    return isInside !== isNegated
  }
}
