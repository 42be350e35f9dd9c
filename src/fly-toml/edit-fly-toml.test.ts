import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTopLevelText } from './edit-fly-toml.ts'

const set = (text: string, value: string) => setTopLevelText('fly.toml', text, 'app', value)

test('one value changes, comments and order stay', () => {
  assert.equal(
    set("# mine\nprimary_region = 'fra'\napp   = 'old' # the name\n[env]\napp = 'x'\n", 'new'),
    "# mine\nprimary_region = 'fra'\napp = \"new\" # the name\n[env]\napp = 'x'\n",
  )
})

test('a key that is missing comes first, before any table', () => {
  assert.equal(set('[env]\nA = "1"\n', 'new'), 'app = "new"\n[env]\nA = "1"\n')
  assert.equal(set('\uFEFF[env]\n', 'new'), '\uFEFFapp = "new"\n[env]\n')
})
