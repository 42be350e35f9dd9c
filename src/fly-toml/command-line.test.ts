import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isProblem, needsShell, quoteWord, splitCommandLine } from './command-line.ts'

test('words are split as a POSIX shell splits them', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['  node   index.js ', ['node', 'index.js']],
    ['sh -c \'echo "a b"\'', ['sh', '-c', 'echo "a b"']],
    ['a"b c"d', ['ab cd']],
    ['say "it is \\"quoted\\" and \\n kept"', ['say', 'it is "quoted" and \\n kept']],
    ['a\\ b c', ['a b', 'c']],
    ['x \'\' ""', ['x', '', '']],
    ['run #not seen\nmore', ['run', 'more']],
    ['run a#b', ['run', 'a#b']],
    ['gunicorn \\\n  app:app', ['gunicorn', 'app:app']],
    ['a\tb\nc', ['a', 'b', 'c']],
  ]
  for (const [text, words] of cases) assert.deepEqual(splitCommandLine(text), words, JSON.stringify(text))
})

test('what cannot be split is a problem, not an exception', () => {
  assert.deepEqual(splitCommandLine('a "b'), { problem: 'has a " that is not closed' })
  assert.deepEqual(splitCommandLine('a \\'), { problem: 'ends with a backslash' })
})

test('quoted words come back as they were', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 8 })), (words) => {
      assert.deepEqual(splitCommandLine(words.map(quoteWord).join(' ')), words)
    }),
  )
  fc.assert(fc.property(fc.string(), (text) => void isProblem(splitCommandLine(text))))
})

test('pipes, lists, variables and assignments need a shell; plain commands do not', () => {
  for (const text of ['a && b', 'a | b', 'echo $PORT', 'NODE_ENV=production node x.js', 'a > b', 'ls *.js']) assert.ok(needsShell(text), text)
  for (const text of ['node index.js', 'node --env=a=b "x y"', 'npm run start -- --port 80']) assert.ok(!needsShell(text), text)
})
