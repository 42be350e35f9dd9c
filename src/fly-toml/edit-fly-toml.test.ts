import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { stringify } from 'smol-toml'
import { isFault } from '../model/fault/fault.ts'
import { editConfigFile, editsBetween, printDefinition, setTopLevelText, type ConfigEdit } from './edit-fly-toml.ts'
import { readConfigDocument } from './config-document.ts'
import { toJson } from './toml-document.ts'
import type { ConfigTable } from './toml-values.ts'

const set = (path: ConfigEdit['path'], value: Extract<ConfigEdit, { kind: 'set' }>['value']): ConfigEdit => ({ kind: 'set', path, value })
const remove = (path: ConfigEdit['path']): ConfigEdit => ({ kind: 'remove', path })
const edit = (text: string, ...edits: readonly ConfigEdit[]) => editConfigFile('fly.toml', text, edits)

test('a top-level text changes in place, and comments stay', () => {
  const text = '# mine\napp = "old" # name\n\n[env]\n  app = "not this"\n'
  assert.equal(setTopLevelText('fly.toml', text, 'app', 'new'), '# mine\napp = "new" # name\n\n[env]\n  app = "not this"\n')
})

test('a missing top-level key goes behind the last one, else in front', () => {
  assert.equal(
    setTopLevelText('fly.toml', '\uFEFFapp = "a" # x\n[env]\n', 'primary_region', 'fra'),
    '\uFEFFapp = "a" # x\nprimary_region = \'fra\'\n[env]\n',
  )
  assert.equal(setTopLevelText('fly.toml', '[env]\nA = "1"\n', 'app', 'a'), 'app = \'a\'\n\n[env]\nA = "1"\n')
  assert.equal(setTopLevelText('fly.toml', '# what this is\n\n[env]\n', 'app', 'a'), "# what this is\n\napp = 'a'\n\n[env]\n")
})

const sample = `# fly.toml of shop
app = "shop"   # the name

[http_service]
  internal_port = 8080 # where node listens
  processes = [
    "web", # the site
  ]

  # how it is asked
  [[http_service.checks]]
    path = "/health"

# small for now
[[vm]]
  memory = "256mb"
  processes = ["web"]

[[vm]]
  memory = "1gb"
  processes = ["worker"]

[deploy] # careful
`

test('a value changes where it stands', () => {
  assert.equal(edit(sample, set(['vm', 1, 'memory'], '2gb')), sample.replace('1gb', '2gb'))
  assert.equal(edit(sample, set(['http_service', 'internal_port'], 3000)), sample.replace('8080', '3000'))
})

test('what differs between two definitions changes where it stands, comments included', () => {
  const before = { app: 'shop', vm: [{ memory: '256mb', processes: ['web'] }] }
  const after = { app: 'other', vm: [{ memory: '1gb', processes: ['web', 'worker'] }] }
  const text = 'app = "shop" # name\n[[vm]]\nmemory = "256mb" # small\nprocesses = ["web"] # groups\n'
  assert.equal(
    edit(text, ...editsBetween(before, after)),
    'app = "other" # name\n[[vm]]\nmemory = "1gb" # small\nprocesses = [\'web\', \'worker\'] # groups\n',
  )
})

test('a new key joins its section with the indentation of its neighbours', () => {
  assert.equal(
    edit(sample, set(['http_service', 'min_machines_running'], 1)),
    sample.replace('    "web", # the site\n  ]\n', '    "web", # the site\n  ]\n  min_machines_running = 1\n'),
  )
  assert.equal(
    edit(sample, set(['deploy', 'strategy'], 'canary')),
    sample.replace('[deploy] # careful\n', "[deploy] # careful\n  strategy = 'canary'\n"),
  )
})

test('a new section goes to the end, a new list entry of a section behind that section', () => {
  assert.equal(edit(sample, set(['env'], { A: '1' })), `${sample}\n[env]\n  A = '1'\n`)
  assert.equal(edit(sample, set(['vm', 2], { cpus: 4 })), `${sample}\n[[vm]]\n  cpus = 4\n`)
})

test('what is removed goes with its lines and nothing else', () => {
  assert.equal(edit(sample, remove(['app'])), sample.replace('app = "shop"   # the name\n', ''))
  assert.equal(edit(sample, remove(['vm', 1])), sample.replace('[[vm]]\n  memory = "1gb"\n  processes = ["worker"]\n\n', ''))
  assert.equal(edit(sample, remove(['http_service', 'processes'])), sample.replace('  processes = [\n    "web", # the site\n  ]\n', ''))
})

test('inline tables and dotted keys are edited as they are written', () => {
  assert.equal(edit('env = { A = "1" } # e\n', set(['env', 'B'], '2'), remove(['env', 'A'])), "env = { B = '2' } # e\n")
  assert.equal(edit('env.A = "1"\n[vm]\n', set(['env', 'B'], '2')), 'env.A = "1"\nenv.B = \'2\'\n[vm]\n')
  assert.equal(edit('vm = [{ cpus = 1 }, { cpus = 2 }]\n', set(['vm', 1, 'cpus'], 4)), 'vm = [{ cpus = 1 }, { cpus = 4 }]\n')
})

test('a path means a section however it is given: once, or as a list of one', () => {
  assert.equal(edit('[vm]\ncpus = 1\n', set(['vm', 0, 'cpus'], 2)), '[vm]\ncpus = 2\n')
  assert.equal(edit('[[env]]\nA = "1"\n', set(['env', 'B'], '2')), '[[env]]\nA = "1"\nB = \'2\'\n')
})

test('JSON keeps its indentation, YAML its comments', () => {
  assert.equal(
    editConfigFile('fly.json', '{\n    "app": "a",\n    "vm": [{"cpus": 1}]\n}\n', [set(['vm', 0, 'cpus'], 2)]),
    '{\n    "app": "a",\n    "vm": [\n        {\n            "cpus": 2\n        }\n    ]\n}\n',
  )
  assert.equal(
    editConfigFile('fly.yaml', '# mine\napp: a # name\nenv:\n  A: "1" # one\n', [set(['app'], 'b'), set(['env', 'B'], 'x'), remove(['env', 'A'])]),
    '# mine\napp: b # name\nenv:\n  B: x\n',
  )
})

const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c', 'app', 'env', 'vm') },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 4 }).filter((text) => text !== '__proto__' && text.isWellFormed()) },
)
const scalar = fc.oneof(
  fc.integer({ min: -1e6, max: 1e6 }),
  fc.boolean(),
  fc.string({ maxLength: 6, unit: 'grapheme' }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
)
const definition = fc.letrec<{ table: ConfigTable }>((tie) => ({
  table: fc.dictionary(
    key,
    fc.oneof({ maxDepth: 3 }, scalar, fc.array(scalar, { maxLength: 3 }), tie('table'), fc.array(tie('table'), { minLength: 1, maxLength: 3 })),
    { maxKeys: 4 },
  ),
})).table
const plain = (table: unknown) => JSON.parse(JSON.stringify(table)) as ConfigTable
/** A comment of its own on every line that starts a key or a section. */
const commented = (text: string) =>
  text
    .split('\n')
    .map((line, index) => (/^[\w".[]/.test(line) && !line.includes('"""') ? `# c${index}.\n${line} # t${index}.` : line))
    .join('\n')

test('edits turn one definition into any other, and a second time nothing changes', () => {
  fc.assert(
    fc.property(definition.map(plain), definition.map(plain), fc.constantFrom('fly.toml', 'fly.yaml', 'fly.json'), (from, to, file) => {
      const text = file === 'fly.toml' ? commented(stringify(from)) : printDefinition(file, from, 'x')
      const result = editConfigFile(file, text, editsBetween(from, to))
      assert.deepEqual(toJson(readConfigDocument(file, result)), to)
      assert.equal(editConfigFile(file, result, editsBetween(to, to)), result)
    }),
    { numRuns: 150 },
  )
})

test('what is printed is read back equal', () => {
  fc.assert(
    fc.property(definition.map(plain), fc.constantFrom('fly.toml', 'fly.yaml', 'fly.json'), (from, file) => {
      assert.deepEqual(toJson(readConfigDocument(file, printDefinition(file, from, 'a file'))), from)
    }),
    { numRuns: 100 },
  )
})

test('setting a key loses no comment but at most the one that stands behind the old value', () => {
  fc.assert(
    fc.property(definition.map(plain), key, scalar, (from, name, value) => {
      const text = commented(stringify(from))
      const result = edit(text, set([name], plain({ value })['value'] ?? 0))
      const isTable = typeof from[name] === 'object'
      const lost = (text.match(/# [ct]\d+\./g) ?? []).filter((comment) => !result.includes(comment))
      if (!isTable) assert.deepEqual(lost, [])
    }),
    { numRuns: 100 },
  )
})

test('no path and no text make it throw anything but its fault', () => {
  const path = fc.array(fc.oneof(key, fc.nat({ max: 2 })), { minLength: 1, maxLength: 4 })
  const file = fc.constantFrom('fly.toml', 'fly.yaml', 'fly.json')
  const anything = fc.oneof(
    fc.string(),
    definition.map((table) => stringify(plain(table))),
    definition.map((table) => JSON.stringify(table)),
  )
  fc.assert(
    fc.property(anything, file, path, fc.boolean(), definition.map(plain), (text, name, at, isSet, value) => {
      try {
        editConfigFile(name, text, [isSet ? set(at, value) : remove(at)])
      } catch (error) {
        if (!isFault(error, 'config_invalid')) throw error
      }
    }),
    { numRuns: 150 },
  )
})
