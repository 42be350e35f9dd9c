export interface CommandLineProblem {
  readonly problem: string
}

/**
 * Splits a command as a POSIX shell would split words, without expanding anything (flyctl: shlex).
 * Quotes and backslashes group; `#` starts a comment only at the start of a word.
 */
export function splitCommandLine(text: string): readonly string[] | CommandLineProblem {
  const words: string[] = []
  let word: string | undefined
  let quote: '"' | "'" | undefined
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i)
    if (quote === "'") {
      if (char === "'") quote = undefined
      else word += char
    } else if (quote === '"') {
      if (char === '"') quote = undefined
      else if (char === '\\' && /["\\$`\n]/.test(text.charAt(i + 1))) {
        i++
        if (text.charAt(i) !== '\n') word += text.charAt(i)
      } else word += char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (char === '\\') {
      if (i + 1 >= text.length) return { problem: 'ends with a backslash' }
      i++
      if (text.charAt(i) !== '\n') word = (word ?? '') + text.charAt(i)
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (char === '#' && word === undefined) {
      while (i < text.length && text.charAt(i) !== '\n') i++
    } else word = (word ?? '') + char
  }
  if (quote !== undefined) return { problem: `has a ${quote} that is not closed` }
  if (word !== undefined) words.push(word)
  return words
}

export const isProblem = (split: readonly string[] | CommandLineProblem): split is CommandLineProblem => 'problem' in split

/** What only a shell understands: pipes, lists, redirections, variables, patterns, assignments before the command. */
export const needsShell = (text: string): boolean => /[|&;<>()$`*?[\]~\n]|^\s*[A-Za-z_]\w*=/.test(text)

/** A word as a shell reads it back; bare where that is safe. */
export const quoteWord = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
