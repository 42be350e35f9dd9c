import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entryUrl } from './entry-url.ts'

test('an entry is found from source, beside its module, and in the bundle, beside the chunk', () => {
  assert.equal(entryUrl('file:///k/src/store/sqlite/engine.ts', './store-worker.ts').href, 'file:///k/src/store/sqlite/store-worker.ts')
  assert.equal(entryUrl('file:///k/src/kanted.ts', './host/keeper/main.ts').href, 'file:///k/src/host/keeper/main.ts')
  assert.equal(entryUrl('file:///k/dist/chunk-X.js', './sqlite/store-worker.ts').href, 'file:///k/dist/store-worker.js')
})
