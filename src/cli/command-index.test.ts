import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { commandTree } from './command-index.ts'
import { flyctlWords } from './flyctl-words.ts'
import { lastWord, nounOf } from './framework/command-tree.ts'
import { verbHelp } from './framework/help.ts'
import { globalFlags } from './framework/shared-flags.ts'

test('every verb loads, belongs to a known noun, and has help', async () => {
  const nouns = new Set(commandTree.nouns.map((noun) => noun.name))
  for (const verb of commandTree.verbs) {
    const noun = nounOf(verb)
    assert.ok(noun === undefined || nouns.has(noun), verb.path)
    const help = verbHelp(verb, await verb.load())
    assert.match(help, new RegExp(`kante ${verb.path}`))
  }
})

test('help fits 80 columns, and loses no word by it', async () => {
  for (const verb of commandTree.verbs) {
    const command = await verb.load()
    const narrow = verbHelp(verb, command, 80)
    for (const line of narrow.slice(0, narrow.indexOf('Examples:')).split('\n'))
      assert.ok(line.length <= 80 || !line.trim().includes('   '), `${verb.path}: ${line}`)
    assert.deepEqual(narrow.split(/\s+/), verbHelp(verb, command, 500).split(/\s+/))
  }
})

test('a word of flyctl’s that Kante now has is not sent elsewhere', () => {
  const here = new Set([...commandTree.nouns.map((noun) => noun.name), ...commandTree.verbs.map((verb) => verb.path)])
  assert.deepEqual(
    Object.keys(flyctlWords).filter((word) => here.has(word)),
    [],
  )
})

test('no two words mean the same place, no two flags of a verb share a letter', async () => {
  const places = commandTree.verbs.flatMap((verb) => [verb.path, ...(verb.aliases ?? []).map((alias) => `${nounOf(verb) ?? ''} ${alias}`.trim())])
  const names = [...places, ...commandTree.nouns.flatMap((noun) => [noun.name, ...(noun.aliases ?? [])])]
  assert.equal(new Set(names).size, names.length)
  for (const verb of commandTree.verbs) {
    const flags = { ...globalFlags, ...(await verb.load()).flags }
    const letters = Object.values(flags).flatMap((flag) => flag.short ?? [])
    assert.equal(new Set(letters).size, letters.length, `${verb.path}: ${letters.join('')}`)
    assert.ok(lastWord(verb).length > 0)
  }
})
