import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultStatus } from '../../../src/edge/codec/head-fault.ts'
import { RequestHead } from '../../../src/edge/codec/request-head.ts'
import { readRequests } from './read-requests.ts'
import { smugglingCases } from './smuggling-cases.ts'
import { openWitness } from './witness.ts'

test('the table of smuggling classes has no name twice', () => {
  assert.equal(new Set(smugglingCases.map(([name]) => name)).size, smugglingCases.length)
})

for (const [name, text, verdict] of smugglingCases) {
  test(`${verdict === 'ok' ? 'reads' : 'refuses'}: ${name}`, () => {
    const bytes = Buffer.from(text, 'latin1')
    const reading = readRequests(bytes)
    if (verdict === 'ok') {
      assert.equal(reading.fault, undefined)
      assert.equal(reading.requests.length, 1)
      return
    }
    assert.notEqual(reading.fault, undefined, JSON.stringify(reading))
    assert.deepEqual(reading.requests, [])
    const result = new RequestHead().parse(bytes, 0, bytes.length)
    if (result < 0) assert.equal(faultStatus(result), verdict)
    else assert.equal(verdict, 400)
  })
}

test('what llhttp refuses or reads differently is refused', async () => {
  await using witness = await openWitness()
  for (const [name, text] of smugglingCases) {
    const bytes = Buffer.from(text, 'latin1')
    const ours = readRequests(bytes)
    if (ours.fault !== undefined) continue
    assert.deepEqual(await witness.read(bytes, ours.requests.length), { requests: ours.requests, isRefused: false }, name)
  }
})
