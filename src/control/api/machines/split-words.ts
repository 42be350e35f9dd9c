import { fault } from '../../../model/fault/fault.ts'

/** A command line as words by the shell's quoting rules (POSIX 2.2), without expanding or running anything. Fault invalid_value on an open quote. */
export function splitWords(text: string): readonly string[] {
  const words: string[] = []
  let word: string | undefined
  let quote: '"' | "'" | undefined
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (quote === "'") {
      if (char === "'") quote = undefined
      else word += char
    } else if (char === '\\' && at + 1 < text.length) {
      const next = text[++at]!
      // Inside double quotes a backslash escapes only what is special there.
      word = (word ?? '') + (quote === '"' && !'"\\$`'.includes(next) ? `\\${next}` : next)
    } else if (quote === '"') {
      if (char === '"') quote = undefined
      else word += char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (char === ' ' || char === '\t' || char === '\n') {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + char
  }
  if (quote !== undefined) throw fault('invalid_value', { field: 'cmd', found: text.slice(0, 200), rule: 'a command line whose quotes are closed' })
  if (word !== undefined) words.push(word)
  return words
}
