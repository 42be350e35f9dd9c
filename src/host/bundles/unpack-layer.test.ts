import { strict as assert } from 'node:assert'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { problemOf } from './unpack-layer.ts'

const file = { type: 'File' }

test('ordinary entries are fine', () => {
  for (const path of ['index.js', './index.js', 'a/b/c', '..a/b', 'a..b', 'a/./b/']) assert.equal(problemOf(path, file), undefined, path)
  assert.equal(problemOf('node_modules/.bin/x', { type: 'SymbolicLink', linkpath: '../x/cli.js' }), undefined)
  assert.equal(problemOf('a/b', { type: 'Link', linkpath: 'a/c' }), undefined)
})

test('paths and links out of the folder, and devices, are refused', () => {
  for (const path of ['/etc/passwd', '../x', 'a/../../x', '..', 'a\0b']) assert.match(problemOf(path, file) ?? '', /leads out/, path)
  assert.match(problemOf('a', { type: 'SymbolicLink', linkpath: '/etc' }) ?? '', /links to/)
  assert.match(problemOf('a/b', { type: 'SymbolicLink', linkpath: '../../x' }) ?? '', /links to/)
  assert.match(problemOf('a/b', { type: 'Link', linkpath: '../x' }) ?? '', /links to/)
  for (const type of ['CharacterDevice', 'BlockDevice', 'FIFO', 'Unsupported']) assert.match(problemOf('a', { type }) ?? '', /is a/)
})

test('whatever is let through stays in the folder', () => {
  const path = fc.array(fc.constantFrom('..', '.', 'a', 'b', ''), { maxLength: 8 }).map((names) => names.join('/'))
  fc.assert(
    fc.property(path, path, (name, target) => {
      if (problemOf(name, file) === undefined) assert.ok(!relative('/root', join('/root', name)).startsWith('..'))
      const link = problemOf(name, { type: 'SymbolicLink', linkpath: target })
      if (link === undefined) assert.ok(!relative('/root', join('/root', name, '..', target)).startsWith('..'))
    }),
  )
})
