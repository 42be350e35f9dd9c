import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Release } from '../app.ts'
import { rollbackTarget } from './rollback-target.ts'

const release = (version: number, status: Release['status'] = 'complete', rollbackOf?: number) =>
  ({ version, status, deployed: { groups: {}, waitTimeoutMs: 1 }, ...(rollbackOf === undefined ? {} : { rollbackOf }) }) as unknown as Release
const to = (releases: readonly Release[], version?: number) => rollbackTarget(releases, version)?.version

test('it goes to the complete release before the live one, past those that failed, and further back each time', () => {
  const releases = [release(1), release(2), release(3, 'failed'), release(4), release(5, 'failed')]
  assert.equal(to(releases), 2)
  assert.equal(to([...releases, release(6, 'complete', 2)]), 1)
  assert.equal(to([...releases, release(6, 'complete', 2), release(7, 'complete', 1)]), undefined)
})

test('a named one has to be complete, and an older record without configs cannot be gone back to', () => {
  const { deployed: _none, ...old } = release(1)
  const releases = [old as Release, release(2, 'failed'), release(3)]
  assert.deepEqual([to(releases, 3), to(releases, 2), to(releases, 1), to(releases), to([])], [3, undefined, undefined, undefined, undefined])
})
