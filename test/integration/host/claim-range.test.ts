import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { claimAddressRange } from '../../../src/host/addresses/claim-range.ts'

async function inFolder(work: (dir: string) => Promise<void>) {
  const dir = await mkdtemp(join(tmpdir(), 'kante-r-'))
  try {
    await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
/** The same seed for all: they want the same place. */
const claimIn = (file: string, forcePorts: boolean) => claimAddressRange({ file, seed: 'the same', forcePorts })

for (const forcePorts of [true, false])
  test(`hosts that want the same ${forcePorts ? 'ports' : 'addresses'} get different ones, and each its own again`, () =>
    inFolder(async (dir) => {
      const files = ['fra', 'cdg', 'iad'].map((region) => join(dir, region))
      const claims = await Promise.all(files.map((file) => claimIn(file, forcePorts)))
      const places = claims.map(({ range }) => JSON.stringify(range))
      assert.equal(new Set(places).size, 3)
      for (const claim of claims) await claim[Symbol.asyncDispose]()
      await using again = await claimIn(files[1] ?? '', forcePorts)
      assert.equal(JSON.stringify(again.range), places[1])
    }))

test('a host that recorded no stretch of ports, as an older version did, claims one', () =>
  inFolder(async (dir) => {
    const file = join(dir, 'fra')
    await writeFile(file, JSON.stringify({ mode: 'ports' }))
    await using claim = await claimIn(file, true)
    assert.ok('mode' in claim.range && claim.range.firstPort > 12_000 && claim.range.firstPort + claim.range.count <= 32_768)
  }))
