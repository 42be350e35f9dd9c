import { strict as assert } from 'node:assert'
import { normalize } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { contentType, parseRange, pathOfTarget } from './static-file.ts'

test('a target names a path below the root', () => {
  assert.equal(pathOfTarget('/'), '')
  assert.equal(pathOfTarget('/a/b.css?x=1'), 'a/b.css')
  assert.equal(pathOfTarget('/%C3%A4/'), 'ä/')
  assert.equal(pathOfTarget('/.well-known/security.txt'), '.well-known/security.txt')
})

test('no target leads out of the root or to a hidden file', () => {
  for (const target of ['/../x', '/a/../../x', '/%2e%2e/x', '/..%2fx', String.raw`/..\x`, '/.env', '/.git/config', '/%00', '/%', 'x', '*']) {
    assert.equal(pathOfTarget(target), undefined, target)
  }
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('/', '.', '%2e', '%2f', '%5c', '\\', 'a', '%00', '?', '%') }), (text) => {
      const path = pathOfTarget(`/${text}`)
      if (path !== undefined) assert.ok(!path.startsWith('/') && !normalize(`r/${path}`).startsWith('..') && !/(^|\/)\.\.?(\/|$)/.test(path))
    }),
  )
})

test('one range of a file is understood, other headers send everything', () => {
  assert.deepEqual(parseRange('bytes=0-4', 10), { start: 0, end: 4 })
  assert.deepEqual(parseRange('bytes=5-', 10), { start: 5, end: 9 })
  assert.deepEqual(parseRange('bytes=-3', 10), { start: 7, end: 9 })
  assert.deepEqual(parseRange('bytes=5-100', 10), { start: 5, end: 9 })
  assert.equal(parseRange('bytes=10-', 10), 'unsatisfiable')
  assert.equal(parseRange('bytes=-0', 10), 'unsatisfiable')
  for (const header of [undefined, 'bytes=-', 'bytes=4-2', 'bytes=0-1,3-4', 'lines=0-1']) assert.equal(parseRange(header, 10), undefined)
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), fc.nat(15), (first, last, size) => {
      const range = parseRange(`bytes=${first}-${last}`, size)
      if (typeof range === 'object') assert.ok(range.start <= range.end && range.end < size)
    }),
  )
})

test('types are known by the ending', () => {
  assert.equal(contentType('a/B.HTML'), 'text/html; charset=utf-8')
  assert.equal(contentType('a/file'), 'application/octet-stream')
})
