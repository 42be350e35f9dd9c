import { strict as assert } from 'node:assert'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { AppName, OrgSlug } from './ids.ts'
import { isSecretName, parseSecretName, pruned, releaseOf, statusOf, valueAt, type SecretRecord } from './secret.ts'

const recordOf = (versions: readonly (readonly [number, string | undefined])[]): SecretRecord => ({
  schema: 1,
  org: 'o' as OrgSlug,
  app: 'a' as AppName,
  name: 'KEY',
  createdAt: '',
  versions: versions.map(([version, value]) => ({ version, at: '', ...(value === undefined ? {} : { value: { sealed: value, digest: '' } }) })),
})

describe('a secret', () => {
  test('is at a version what it was then', () => {
    const record = recordOf([
      [7, undefined],
      [5, 'b'],
      [2, 'a'],
    ])
    const at = (version?: number) => valueAt(record, version)?.value?.sealed
    assert.deepEqual([at(1), at(2), at(4), at(5), at(6), at(7), at(99), at()], [undefined, 'a', 'a', 'b', 'b', undefined, undefined, undefined])
  })

  test('property: what is needed still says the same after pruning', () => {
    const history = fc
      .uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 })
      .chain((versions) =>
        fc.tuple(
          ...versions
            .toSorted((a, b) => b - a)
            .map((version) => fc.tuple(fc.constant(version), fc.option(fc.constant(`v${version}`), { nil: undefined }))),
        ),
      )
    fc.assert(
      fc.property(history, fc.integer({ min: 0, max: 31 }), (versions, oldest) => {
        const record = recordOf(versions)
        const left = pruned(record, oldest)
        for (let version = oldest; version <= 31; version++)
          assert.equal(left && valueAt(left, version)?.value?.sealed, valueAt(record, version)?.value?.sealed, `at ${version}`)
        // Nothing is left that no version from there on has.
        const kept = left?.versions.filter((found) => found.version < oldest) ?? []
        assert.ok(kept.length <= 1)
      }),
    )
  })

  test('has the name of an environment variable', () => {
    for (const name of ['A', '_x', 'DATABASE_URL', 'a1']) assert.equal(parseSecretName(name), name)
    for (const name of ['', '1A', 'A B', 'A-B', 'Ä', 'A=', 'x'.repeat(129), 'A\n']) assert.ok(!isSecretName(name), name)
  })

  test('is deployed when every machine has it, partial when some have', () => {
    assert.deepEqual([[], [true], [true, false], [false]].map(statusOf), ['Staged', 'Deployed', 'Partial', 'Staged'])
  })

  test('goes by the release in a machine’s metadata, if there is a sensible one', () => {
    const of = (text: string) => releaseOf({ image: 'x', metadata: { fly_release_version: text } })
    assert.deepEqual(
      [of('12'), of('0'), of('-1'), of('1e9'), of('9999999999'), releaseOf({ image: 'x' })],
      [12, undefined, undefined, undefined, undefined, undefined],
    )
  })
})
