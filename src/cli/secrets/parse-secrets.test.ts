import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { UsageError } from '../framework/usage-error.ts'
import { readAll, secretsOfText, secretsOfWords } from './parse-secrets.ts'

const noInput = async () => assert.fail('stdin was read')

test('words are NAME=VALUE; a value may hold anything, a dash stands for stdin', async () => {
  assert.deepEqual(await secretsOfWords(['A=1', 'B=a=b c', 'C='], noInput), { A: '1', B: 'a=b c', C: '' })
  assert.deepEqual(await secretsOfWords(['A=-', 'B=-'], async () => 'from stdin\n'), { A: 'from stdin', B: 'from stdin' })
})

test('a word that is no pair is refused without repeating it', async () => {
  for (const word of ['geheim', '=geheim', 'no name=geheim', '1A=geheim'])
    await assert.rejects(secretsOfWords([word], noInput), (error) => error instanceof UsageError && !error.message.includes('geheim'))
})

test('text is lines, with comments, quotes and values over several lines', () => {
  const text = ['# a comment', '', 'A=1', 'export B="two words"', "C='x'", 'D="""first', 'second"""', '  E = 5', 'F="""one"""', 'G="', 'H=a#b'].join(
    '\r\n',
  )
  assert.deepEqual(secretsOfText(text), { A: '1', B: 'two words', C: 'x', D: 'first\nsecond', E: '5', F: 'one', G: '"', H: 'a#b' })
  assert.throws(() => secretsOfText('A="""never ends\nB=1'), UsageError)
  assert.throws(() => secretsOfText('A=1\ngeheim'), { message: /^line 2: / })
})

test('input that is no UTF-8 is refused, not changed', async () => {
  const input = async function* (...parts: readonly (readonly number[])[]) {
    for (const part of parts) yield Uint8Array.from(part)
  }
  // An umlaut cut in two by the pipe is still one.
  assert.equal(await readAll(input([0x41, 0x3d, 0xc3], [0xb6])), 'A=ö')
  await assert.rejects(readAll(input([0x41, 0x3d, 0xff, 0xfe])), (error) => error instanceof UsageError && /no UTF-8/.test(error.message))
})

test('names like those of objects’ own properties are just names', () => {
  assert.deepEqual(Object.entries(secretsOfText('__proto__=1\nconstructor=2')), [
    ['__proto__', '1'],
    ['constructor', '2'],
  ])
})

test('property: a text is taken or refused, and what is refused is not repeated', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('A', '_', '=', '"', "'", '\n', '\r', '#', ' ', 'x') }), (text) => {
      try {
        for (const [name, value] of Object.entries(secretsOfText(text))) assert.ok(/^[A-Z_x]+$/i.test(name) && typeof value === 'string')
      } catch (error) {
        assert.ok(error instanceof UsageError)
      }
    }),
  )
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,9}$/), fc.stringMatching(/^[a-z0-9 =#]*[a-z0-9]$/)), (values) => {
      const text = Object.entries(values).map(([name, value]) => `${name}="""${value}"""`)
      assert.deepEqual({ ...secretsOfText(text.join('\n')) }, { ...values })
    }),
  )
})
