import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../model/fault/fault.ts'
import { defaultTimeouts, parseEdgeConfig } from './edge-config.ts'

const config = {
  id: 'fra-edge',
  host: 'fra',
  region: { code: 'fra', name: 'Frankfurt', latitude: 50, longitude: 8.7 },
  hostAddress: 'unix:/run/h-fra.sock',
  controlAddress: 'unix:/run/control.sock',
  listeners: [
    { fd: 3, externalPort: 80 },
    { address: '::1', port: 0, externalPort: 443 },
  ],
  stateDir: '/var/lib/edge',
  timeouts: { holdMs: 5_000 },
}

test('what is left out has its default', () => {
  const read = parseEdgeConfig(JSON.stringify(config))
  assert.equal(read.domain, 'localhost')
  assert.deepEqual(read.timeouts, { ...defaultTimeouts, holdMs: 5_000 })
  assert.deepEqual(read.listeners, config.listeners)
})

for (const [field, value] of [
  ['id', ''],
  ['hostAddress', 'tcp:1.2.3.4'],
  ['listeners', [{ fd: 1, externalPort: 80 }]],
  ['listeners', [{ fd: 3, externalPort: 0 }]],
  ['timeouts', { holdMs: -1 }],
  ['timeouts', { holdsMs: 1 }],
  ['region', { ...config.region, latitude: 91 }],
] as const)
  test(`a wrong ${field} is named: ${JSON.stringify(value)}`, () => {
    assert.throws(
      () => parseEdgeConfig(JSON.stringify({ ...config, [field]: value })),
      (error) => isFault(error, 'invalid_value') && error.message.startsWith(field === 'id' ? 'id' : field),
    )
  })

test('whatever the text, it is a config or a fault', () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.tuple(fc.constantFrom(...Object.keys(config)), fc.jsonValue()).map(([key, value]) => JSON.stringify({ ...config, [key]: value })),
  )
  fc.assert(
    fc.property(text, (given) => {
      try {
        parseEdgeConfig(given)
      } catch (error) {
        assert.ok(isFault(error, 'invalid_value'), String(error))
      }
    }),
    { numRuns: 2_000 },
  )
})
