import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { closest, editDistance } from './closest.ts'
import type { CommandTree } from './command-tree.ts'
import { findCommand } from './find-command.ts'

const load = () => Promise.reject(new Error('not loaded here'))
const tree: CommandTree = {
  nouns: [
    { name: 'machine', summary: '', aliases: ['m', 'machines'] },
    { name: 'scale', summary: '' },
  ],
  verbs: [
    { path: 'status', summary: '', load },
    { path: 'machine list', summary: '', aliases: ['ls'], load },
    { path: 'machine stop', summary: '', load },
    { path: 'scale count', summary: '', load },
  ],
}
const verbOf = (argv: readonly string[]) => {
  const found = findCommand(tree, argv)
  assert.equal(found.kind, 'verb')
  return found.kind === 'verb' ? [found.verb.path, found.argv] : []
}

test('a noun alone means its usual verb where it has one, and its help still shows all verbs', () => {
  const tree: CommandTree = {
    nouns: [{ name: 'releases', summary: 'Releases', alone: 'list' }],
    verbs: ['list', 'rollback'].map((word) => ({ path: `releases ${word}`, summary: word, load: () => Promise.reject(new Error('not needed')) })),
  }
  const pathOf = (...argv: string[]) => {
    const found = findCommand(tree, argv)
    return found.kind === 'verb' ? [found.verb.path, ...found.argv] : found.kind
  }
  assert.deepEqual(pathOf('releases', '-a', 'web', '--image'), ['releases list', '-a', 'web', '--image'])
  assert.deepEqual(pathOf('releases', 'rollback', 'v3'), ['releases rollback', 'v3'])
  assert.equal(pathOf('releases', '--help'), 'noun')
})

test('a verb is found with flags before, between and after its words', () => {
  assert.deepEqual(verbOf(['machine', 'stop', 'x', '-a', 'web']), ['machine stop', ['x', '-a', 'web']])
  assert.deepEqual(verbOf(['-a', 'web', 'machine', 'stop', 'x']), ['machine stop', ['-a', 'web', 'x']])
  assert.deepEqual(verbOf(['machine', '--app', 'web', '-j', 'list']), ['machine list', ['--app', 'web', '-j']])
  assert.deepEqual(verbOf(['-ja', 'web', 'status']), ['status', ['-ja', 'web']])
  assert.deepEqual(verbOf(['-jaweb', 'status']), ['status', ['-jaweb']])
  assert.deepEqual(verbOf(['--app=web', 'status']), ['status', ['--app=web']])
})

test('nouns and verbs have aliases', () => {
  assert.deepEqual(verbOf(['m', 'ls']), ['machine list', []])
  assert.deepEqual(verbOf(['machines', 'stop', 'x']), ['machine stop', ['x']])
})

test('nothing or a noun alone shows help, as do help and --help', () => {
  assert.equal(findCommand(tree, []).kind, 'root')
  assert.equal(findCommand(tree, ['--help']).kind, 'root')
  assert.equal(findCommand(tree, ['machine']).kind, 'noun')
  assert.equal(findCommand(tree, ['help', 'machine']).kind, 'noun')
  assert.deepEqual(verbOf(['help', 'machine', 'stop']), ['machine stop', ['--help']])
})

test('a verb without its noun and a word of flyctl’s are not guessed at by spelling', () => {
  const known = {
    ...tree,
    verbs: [...tree.verbs, { path: 'deploy', summary: '', load }, { path: 'machine destroy', summary: '', load }],
    elsewhere: { ps: 'see status' },
  }
  assert.throws(() => findCommand(known, ['destroy']), { message: 'unknown command "destroy" for "kante"', hint: 'there is `kante machine destroy`' })
  assert.throws(() => findCommand(known, ['ps']), { hint: 'see status' })
  assert.throws(() => findCommand(known, ['constructor']), { hint: '`kante --help` lists them' })
})

test('an unknown word is named with the nearest known one', () => {
  assert.throws(() => findCommand(tree, ['stauts']), { message: 'unknown command "stauts" for "kante"', hint: 'did you mean `kante status`?' })
  assert.throws(() => findCommand(tree, ['machine', 'stpo']), { hint: 'did you mean `kante machine stop`?' })
  assert.throws(() => findCommand(tree, ['frobnicate']), { hint: '`kante --help` lists them' })
})

test('distance counts slips of the fingers', () => {
  assert.equal(editDistance('status', 'status'), 0)
  assert.equal(editDistance('stauts', 'status'), 1)
  assert.equal(editDistance('', 'abc'), 3)
  assert.equal(closest('x', ['status', 'scale']), undefined)
})
