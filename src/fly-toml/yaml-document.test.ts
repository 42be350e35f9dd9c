import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../model/fault/fault.ts'
import { readFlyToml } from './parse-fly-toml.ts'
import { toJson, type TomlTable } from './toml-document.ts'
import { readYamlDocument } from './yaml-document.ts'

const yaml = (text: string) => readYamlDocument('fly.yaml', text, 'yaml')
const refusal = (read: () => unknown): string => {
  try {
    read()
  } catch (error) {
    if (isFault(error, 'config_invalid')) return error.message
    throw error
  }
  return 'not refused'
}

test('errors in YAML and JSON name the line of the key', () => {
  const inYaml = readFlyToml('fly.yaml', '# mine\napp: a\nhttp_service:\n  internal_port: web\n')
  assert.deepEqual(
    inYaml.errors.map(({ line, key }) => [line, key]),
    [[4, 'http_service.internal_port']],
  )
  const inJson = readFlyToml('fly.json', '{\n  "app": "a",\n  "vm": [\n    { "cpus": 1 },\n    { "cpus": 0 }\n  ]\n}')
  assert.deepEqual(
    inJson.errors.map(({ line, key }) => [line, key]),
    [[5, 'vm[1].cpus']],
  )
})

test('the three forms of one config are read alike', () => {
  const toml = readFlyToml('fly.toml', 'app = "a"\nkill_timeout = 20\n[env]\nA = 1\n[[vm]]\nmemory = "1gb"\n').config
  const others = [
    readFlyToml('fly.json', '{"app":"a","kill_timeout":20,"env":{"A":1},"vm":[{"memory":"1gb"}],"mounts":null}').config,
    readFlyToml('fly.yaml', 'app: a\nkill_timeout: 20\nenv: {A: 1}\nvm:\n  - memory: 1gb\nmounts:\n').config,
  ]
  const withoutLines = (value: unknown) => JSON.parse(JSON.stringify(value, (key, item: unknown) => (key === 'line' ? 0 : item))) as unknown
  for (const other of others) assert.deepEqual(withoutLines(other), withoutLines(toml))
})

test('anchors are followed, and cannot blow up', () => {
  assert.deepEqual(toJson(yaml('a: &a {x: 1}\nb: *a\n')), { a: { x: 1 }, b: { x: 1 } })
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x]',
    ...'bcdefgh'.split('').map(
      (name, at) =>
        `${name}: &${name} [${Array(8)
          .fill(`*${'abcdefg'[at] ?? ''}`)
          .join(', ')}]`,
    ),
  ]
  assert.match(
    refusal(() => yaml(bomb.join('\n'))),
    /more than 100000 values|nested deeper/,
  )
  assert.match(
    refusal(() => yaml('a: &a [*a]')),
    /nested deeper|unresolved alias/i,
  )
})

test('what is no config is refused with its line', () => {
  assert.match(
    refusal(() => yaml('app: x\napp: y')),
    /^fly\.yaml:2: syntax: map keys must be unique/,
  )
  assert.match(
    refusal(() => yaml('- 1')),
    /^fly\.yaml:1: file: is no table of keys/,
  )
  assert.match(
    refusal(() => yaml('['.repeat(50_000))),
    /^fly\.yaml/,
  )
  assert.match(
    refusal(() => yaml('a: '.repeat(10))),
    /^fly\.yaml/,
  )
  assert.match(
    refusal(() => yaml(`a: ${'x'.repeat(300_000)}`)),
    /larger than 256 KiB/,
  )
  assert.match(
    refusal(() => readYamlDocument('fly.json', '{"a": 1,\n}', 'json')),
    /^fly\.json:\d: syntax/,
  )
  assert.match(
    refusal(() => readYamlDocument('fly.json', "{a: 'no JSON'}", 'json')),
    /^fly\.json/,
  )
})

const fragment = fc.oneof(
  fc.constantFrom(
    'a',
    'b: ',
    ': ',
    '- ',
    '\n',
    '\n  ',
    '{',
    '}',
    '[',
    ']',
    ',',
    '&x ',
    '*x',
    '<<: *x',
    '|',
    '>',
    '"',
    "'",
    '#',
    '? ',
    '!!int ',
    '!t ',
    '%YAML 1.1\n',
    '---\n',
    '...',
    '\t',
    '\u0000',
    '\uFEFF',
    '~',
    '1e400',
    '0x',
    '.nan',
    '__proto__: 1',
  ),
  fc.string({ maxLength: 4 }),
)
test('no text makes it throw anything but its fault', () => {
  fc.assert(
    fc.property(
      fc.array(fragment, { maxLength: 24 }).map((parts) => parts.join('')),
      (text) => {
        let table: TomlTable
        try {
          table = yaml(text)
        } catch (error) {
          if (!isFault(error, 'config_invalid')) throw error
          return
        }
        assert.equal(typeof toJson(table), 'object')
      },
    ),
    { numRuns: 1000 },
  )
})

test('JSON is read as JSON.parse reads it, empty values left out', () => {
  const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }))
  fc.assert(
    fc.property(json, (value) => {
      const text = JSON.stringify(value)
      const dense = (item: unknown): unknown =>
        Array.isArray(item)
          ? item.filter((each) => each !== null).map(dense)
          : typeof item === 'object' && item !== null
            ? Object.fromEntries(Object.entries(item).flatMap(([key, each]) => (each === null ? [] : [[key, dense(each)]])))
            : item
      let found: unknown
      try {
        found = toJson(readYamlDocument('fly.json', text, 'json'))
      } catch (error) {
        if (isFault(error, 'config_invalid') && /beyond 2\^53/.test(error.message)) return
        throw error
      }
      assert.deepEqual(found, dense(JSON.parse(text)))
    }),
    { numRuns: 300 },
  )
})
