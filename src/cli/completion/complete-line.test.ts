import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { commandTree } from '../command-index.ts'
import { completeLine, type ValueKind } from './complete-line.ts'

const asked: (readonly [ValueKind, Readonly<Record<string, string>>])[] = []
/** Completes a line as typed, `|` being the cursor; a blank before it begins a new word. */
async function complete(line: string) {
  asked.length = 0
  const words = line.replace(/^kante /, '').split(' ')
  const { candidates, wantsFiles } = await completeLine(commandTree, words, (kind, typed) => {
    asked.push([kind, Object.fromEntries(typed)])
    const known = {
      apps: ['web', 'worker'],
      machines: ['1a', '2b'],
      regions: ['fra', 'cdg'],
      orgs: ['personal'],
      contexts: ['local'],
      sizes: ['shared-cpu-1x'],
    }
    return Promise.resolve(known[kind].map((word) => ({ word, about: '' })))
  })
  return wantsFiles ? 'files' : candidates.map((each) => each.word)
}

test('commands: nouns and verbs, by what is typed of them, through aliases and help', async () => {
  assert.deepEqual(await complete('kante mach'), ['machine'])
  assert.deepEqual(await complete('kante machine sto'), ['stop'])
  assert.deepEqual(await complete('kante m sto'), ['stop'])
  assert.deepEqual(await complete('kante help machine sto'), ['stop'])
  assert.deepEqual(await complete('kante -a web stat'), ['status'])
  assert.ok((await complete('kante ')).includes('deploy'))
  assert.deepEqual(await complete('kante nosuch '), [])
})

test('flags of the verb, a toggle that is on as its opposite; before the verb the global ones', async () => {
  assert.deepEqual(await complete('kante deploy --h'), ['--ha=false', '--help'])
  assert.deepEqual(await complete('kante deploy --ha='), ['--ha=false', '--ha=true'])
  assert.ok((await complete('kante -')).includes('--context'))
  assert.deepEqual(await complete('kante deploy --nosuch='), [])
})

test('values: fixed words, apps, regions in lists, files', async () => {
  assert.deepEqual(await complete('kante deploy --strategy r'), ['rolling'])
  assert.deepEqual(await complete('kante deploy --strategy=r'), ['--strategy=rolling'])
  assert.deepEqual(await complete('kante logs -a w'), ['web', 'worker'])
  assert.deepEqual(await complete('kante logs --app=we'), ['--app=web'])
  assert.deepEqual(await complete('kante scale count 2 --region fra,'), ['fra,cdg', 'fra,fra'])
  assert.deepEqual(await complete('kante scale count 2 --region=fra,c'), ['--region=fra,cdg'])
  assert.equal(await complete('kante deploy -c '), 'files')
  assert.deepEqual(await complete('kante completion z'), ['zsh'])
})

test('arguments: machines of the app that is meant, apps, contexts; nothing where a word is free', async () => {
  assert.deepEqual(await complete('kante machine stop -a web 1'), ['1a'])
  assert.deepEqual(asked, [['machines', { app: 'web' }]])
  assert.deepEqual(await complete('kante machine stop 1a '), ['1a', '2b'])
  assert.deepEqual(await complete('kante -a web machine stop '), ['1a', '2b'])
  assert.deepEqual(await complete('kante apps destroy we'), ['web'])
  assert.deepEqual(await complete('kante context use '), ['local'])
  assert.deepEqual(await complete('kante apps create '), [])
  assert.equal(await complete('kante backup '), 'files')
  assert.equal(await complete('kante machine exec 1a -- '), 'files')
})

test('a flag that means something alone swallows no word', async () => {
  assert.deepEqual(await complete('kante machine run --autostop --nam'), ['--name'])
  assert.deepEqual(await complete('kante machine run --autostop=s'), ['--autostop=stop', '--autostop=suspend'])
})

test('property: no line makes it fail, and what it offers begins with what was typed', async () => {
  const word = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom('machine', 'run', '-a', '--app=', '-ja', '--', '--region', 'scale', '=', '-', '__proto__', '--constructor'),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (words) => {
      const { candidates } = await completeLine(commandTree, words, () => Promise.resolve([{ word: 'x', about: '' }]))
      for (const each of candidates) assert.ok(each.word.startsWith(words.at(-1) ?? ''))
    }),
  )
})
