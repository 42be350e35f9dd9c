import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../../../model/fault/fault.ts'
import { splitWords } from './split-words.ts'

test('splits at blanks, and quotes keep words together', () => {
  assert.deepEqual(splitWords(`  node -e 'console.log("a b")' "c d"e\\ f "" "\\$x\\n"`), ['node', '-e', 'console.log("a b")', 'c de f', '', '$x\\n'])
  assert.deepEqual(splitWords(''), [])
})
test('an open quote is a fault', () => {
  assert.throws(
    () => splitWords(`echo "a`),
    (error) => isFault(error, 'invalid_value'),
  )
})
test('words quoted one by one come back, and any text gives words or that fault', () => {
  const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
  fc.assert(fc.property(fc.array(fc.string()), (words) => assert.deepEqual(splitWords(words.map(quoted).join(' ')), words)))
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        assert.ok(Array.isArray(splitWords(text)))
      } catch (error) {
        assert.ok(isFault(error, 'invalid_value'))
      }
    }),
  )
})
