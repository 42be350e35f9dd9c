import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../../model/fault/fault.ts'
import { readJsoncDocument } from './jsonc-document.ts'
import { readWranglerConfig } from './read-wrangler.ts'
import { toJson } from '../../fly-toml/toml-document.ts'

test('comments and trailing commas are no part of a JSONC document, lines are kept', () => {
  const root = readJsoncDocument('w.jsonc', '// a\n{ /* b\n */ "a": [1, 2.5, "x//y",],\n  "b": {"c": null, "d": true,}, }\n// end')
  assert.deepEqual(toJson(root), { a: [1, 2.5, 'x//y'], b: { d: true } })
  assert.equal(root.entries.get('a')?.line, 3)
  assert.equal(root.entries.get('b')?.line, 4)
})

test('what JSON.parse takes is read as it reads it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (value) => {
      const plain = JSON.parse(JSON.stringify(value), (_key, each: unknown) =>
        Array.isArray(each) ? each.filter((item) => item !== null) : (each ?? undefined),
      ) as object
      assert.deepEqual(JSON.parse(JSON.stringify(toJson(readJsoncDocument('w.json', JSON.stringify(value))))), JSON.parse(JSON.stringify(plain)))
    }),
  )
})

test('a broken config is refused with file and line', () => {
  for (const [file, text, line] of [
    ['wrangler.jsonc', '{\n  "name": "x"\n  "main": "y"\n}', 3],
    ['wrangler.json', '{\n"a": [1,\n2', 3],
    ['wrangler.json', '{"a": "x\ny"}', 1],
    ['wrangler.toml', 'name = "x"\nmain = @\n', 2],
    ['wrangler.toml', 'main = 3', 1],
    ['wrangler.toml', 'name = "x"\nkv_namespaces = ["KV"]', 2],
    ['wrangler.toml', 'env = 3', 1],
    ['wrangler.json', '[]', 1],
    ['wrangler.json', '', 1],
  ] as const)
    assert.throws(
      () => readWranglerConfig(file, text),
      (error) =>
        isFault(error, 'worker_config_broken') && (error.detail as { line?: number }).line === line && error.message.startsWith(`${file}:${line}: `),
      text,
    )
})

test('random text is read or refused, never anything else', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '"a"',
    '//',
    '/*',
    '*/',
    '\n',
    'null',
    '1',
    'true',
    '\\',
    'name',
    '=',
    '[[env.a.kv_namespaces]]',
    'binding = "B"',
    '\u0000',
    '__proto__',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.constantFrom('w.toml', 'w.json'), (pieces, file) => {
      try {
        readWranglerConfig(file, pieces.join(file === 'w.toml' ? '\n' : ''))
      } catch (error) {
        if (!isFault(error, 'worker_config_broken')) throw error
      }
    }),
    { numRuns: 500 },
  )
  assert.throws(
    () => readWranglerConfig('w.json', '['.repeat(100_000)),
    (error) => isFault(error, 'worker_config_broken'),
  )
})

test('environments, routes, crons, consumers and classes are read with their lines', () => {
  const config = readWranglerConfig(
    'wrangler.toml',
    `name = "a"
main = "src/index.ts"
routes = ["example.com/*", { pattern = "api.example.com", custom_domain = true }]
[triggers]
crons = ["*/5 * * * *"]
[[kv_namespaces]]
binding = "KV"
id = "1"
[[queues.consumers]]
queue = "jobs"
[durable_objects]
bindings = [{ name = "ROOM", class_name = "Room" }]
[env.staging]
name = "a-staging"
[[env.staging.d1_databases]]
binding = "DB"
database_name = "d"
[env.staging.vars]
MODE_NAME = "s"
[[unsafe.bindings]]
name = "LIMIT"
type = "ratelimit"
`,
  )
  assert.deepEqual(
    config.top.bindings.map(({ name, feature, line }) => [name, feature, line]),
    [
      ['KV', 'kv', 6],
      ['ROOM', 'durable-objects', 12],
      ['LIMIT', 'rate-limits', 20],
    ],
  )
  assert.deepEqual(
    config.top.zoneRoutes.map((each) => each.text),
    ['example.com/*'],
  )
  assert.deepEqual(
    config.top.customDomains.map((each) => each.text),
    ['api.example.com'],
  )
  assert.deepEqual(config.top.crons, [{ text: '*/5 * * * *', line: 5 }])
  assert.deepEqual(config.top.consumers, [{ text: 'jobs', line: 9 }])
  assert.deepEqual(
    config.top.classes.map((each) => each.name),
    ['Room'],
  )
  assert.deepEqual(config.top.other, [])
  assert.deepEqual(
    config.environments.map((each) => [each.env, each.bindings.map((one) => one.name)]),
    [['staging', ['DB', 'MODE_NAME']]],
  )
})
