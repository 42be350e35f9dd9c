import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parse as witnessParse, stringify as witnessPrint } from 'smol-toml'
import { isFault } from '../model/fault/fault.ts'
import { maxTomlBytes, readTomlDocument, toJson, type TomlTable } from './toml-document.ts'

const read = (text: string) => readTomlDocument('fly.toml', text)
const attempt = (text: string): TomlTable | undefined => {
  try {
    return read(text)
  } catch (error) {
    if (isFault(error, 'config_invalid')) return undefined
    throw error
  }
}

test('every value knows its line and the range of its pair', () => {
  const text = 'app = "a"\n[[services]]\n  internal_port = 80 # web\n  [[services.ports]]\n    port = 443\n'
  const services = read(text).entries.get('services')
  assert.ok(services?.kind === 'array')
  const [service] = services.items
  assert.ok(service?.kind === 'table')
  const port = service.entries.get('internal_port')
  assert.equal(port?.line, 3)
  assert.equal(text.slice(...(port?.range ?? [0, 0])), 'internal_port = 80')
})

test('a syntax error names file, line and column', () => {
  assert.throws(() => read('app = "a"\n[env\nA = 1\n'), { code: 'config_invalid', message: /^fly\.toml:3: syntax: .+ \(column \d+\)$/ })
  assert.throws(() => read('a = 1\na = 2'), { message: 'fly.toml:2: syntax: defining a key multiple times is invalid (column 1)' })
})

test('a byte order mark, Windows line ends and __proto__ are ordinary', () => {
  assert.deepEqual(toJson(read('\uFEFFa = 1\r\nb = "x"\r\n')), { a: 1, b: 'x' })
  const env = read('[env]\n__proto__ = "x"\nconstructor = "y"\n').entries.get('env')
  assert.ok(env?.kind === 'table')
  assert.deepEqual([...env.entries.keys()], ['__proto__', 'constructor'])
  assert.equal(Object.getPrototypeOf({}), Object.prototype)
})

test('size and depth are bounded', () => {
  assert.throws(() => read(`a = "${'x'.repeat(maxTomlBytes)}"`), { code: 'config_invalid', message: /larger than 256 KiB/ })
  assert.throws(() => read(`a = ${'['.repeat(40)}1${']'.repeat(40)}`), { code: 'config_invalid', message: /nested deeper/ })
  assert.throws(() => read(`a${'.b'.repeat(40)} = 1`), { code: 'config_invalid', message: /nested deeper/ })
  assert.throws(() => read(`[a${'.b'.repeat(40)}]`), { code: 'config_invalid', message: /nested deeper/ })
  assert.throws(() => read('a = 99999999999999999999'), { code: 'config_invalid', message: /2\^53/ })
})

const key = fc.oneof(fc.stringMatching(/^[a-z_]{1,8}$/), fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' }))
const scalar = fc.oneof(
  fc.string({ maxLength: 12, unit: 'grapheme' }),
  fc.integer(),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
)
const { table } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, scalar, fc.array(scalar, { maxLength: 3 }), fc.array(tie('table'), { maxLength: 3 }), tie('table')),
  table: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
}))
const isPrintable = (document: unknown) => !JSON.stringify(document).includes('"__proto__"')

test('what another writer prints is read back equal', () => {
  fc.assert(
    fc.property(table.filter(isPrintable), (document) => {
      assert.deepEqual(toJson(read(witnessPrint(document))), JSON.parse(JSON.stringify(document)))
    }),
    { numRuns: 300 },
  )
})

const fragment = fc.oneof(
  fc.constantFrom(
    '[',
    ']',
    '[[',
    ']]',
    '{',
    '}',
    '=',
    '.',
    ',',
    '\n',
    '\r\n',
    '"',
    "'",
    '"""',
    "'''",
    '#',
    ' ',
    '\\',
    '\\u00e9',
    '1',
    '-0',
    '1e3',
    '0x1f',
  ),
  fc.constantFrom(
    'true',
    'inf',
    '1979-05-27',
    '07:32:00',
    'a',
    'b.c',
    '[a]\n',
    '[[b]]\n',
    'x = 1\n',
    'y = "z"\n',
    '\u0000',
    '\uFEFF',
    'é',
    '_',
    '1_000',
  ),
  fc.string({ maxLength: 3 }),
)
test('no text makes it throw anything but its fault, and what the witness reads it reads alike', () => {
  fc.assert(
    fc.property(
      fc.array(fragment, { maxLength: 24 }).map((parts) => parts.join('')),
      (text) => {
        const ours = attempt(text)
        let theirs: unknown
        try {
          theirs = witnessParse(text)
        } catch {
          return // the witness is stricter in places, such as about lone surrogates
        }
        if (ours === undefined || /\d[-:]\d|nan|inf|__proto__|-0|\d{15}/.test(text)) return
        assert.deepEqual(toJson(ours), JSON.parse(JSON.stringify(theirs)))
      },
    ),
    { numRuns: 2000 },
  )
})
