import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { slugOf } from './org-store.ts'

test('the slug of an org is its name in plain letters', () => {
  for (const [name, slug] of [
    ['Acme Europe', 'acme-europe'],
    ['Müller Größe', 'mueller-groesse'],
    ['Mu\u0308ller', 'mueller'],
    ['Café São', 'cafe-sao'],
    ['--A & B!', 'a-b'],
  ] as const)
    assert.equal(slugOf(name), slug)
})
