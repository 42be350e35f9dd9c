import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { mutation, requestText } from './grammar.ts'
import { readRequests } from './read-requests.ts'
import { openWitness } from './witness.ts'

const stream = fc.oneof(
  fc.array(requestText, { minLength: 1, maxLength: 3 }).map((requests) => requests.join('')),
  fc.tuple(fc.array(requestText, { minLength: 1, maxLength: 2 }), mutation).map(([requests, mutate]) => mutate(requests.join(''))),
)
/** One fixed seed, so that a failure of yesterday fails today; one of the day, to find new ones. */
const seeds = [20261124, Math.floor(Math.random() * 2 ** 31)]

for (const [index, seed] of seeds.entries()) {
  test(`llhttp reads what we accept as we do (${index === 0 ? 'fixed' : 'random'} seed)`, async (t) => {
    await using witness = await openWitness()
    let accepted = 0
    let refused = 0
    await fc.assert(
      fc.asyncProperty(stream, async (text) => {
        const bytes = Buffer.from(text, 'latin1')
        const ours = readRequests(bytes)
        if (ours.fault === undefined) accepted++
        else refused++
        if (ours.requests.length === 0) return
        // Where a later request is faulty, the ones before it must still agree.
        const theirs = await witness.read(bytes.subarray(0, ours.consumedBytes), ours.requests.length)
        assert.deepEqual(theirs, { requests: ours.requests, isRefused: false })
      }),
      { seed, numRuns: 4000 },
    )
    assert.ok(accepted > 400 && refused > 400, `both kinds occur: ${accepted} accepted, ${refused} refused`)
    t.diagnostic(`seed ${seed}: ${accepted} accepted, ${refused} refused`)
  })
}
