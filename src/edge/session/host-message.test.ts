import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { machineId, routeHost } from '../../../test/testkit/routes.ts'
import { isFault } from '../../model/fault/fault.ts'
import type { HostMessage } from '../../protocol/edge-session.ts'
import { parseHostMessage } from './host-message.ts'

const messages: readonly HostMessage[] = [
  { type: 'hello', host: routeHost('fra').id, bootId: 'b1' },
  { type: 'state', id: machineId(1), seq: 4, state: 'started', draining: true, endpoint: { address: '127.1.0.1' } },
  { type: 'drain', id: machineId(1), seq: 5, drainId: 'd1' },
  { type: 'undrain', id: machineId(1), seq: 6, drainId: 'd1' },
  { type: 'beat' },
]

test('messages are read as they were written; an unknown type is nothing', () => {
  for (const message of messages) assert.deepEqual(parseHostMessage(JSON.stringify(message)), message)
  assert.equal(parseHostMessage('{"type":"weather"}'), undefined)
})

test('whatever comes, it is a message or a fault', () => {
  const fields = ['type', 'host', 'bootId', 'id', 'seq', 'state', 'endpoint', 'drainId']
  fc.assert(
    fc.property(fc.constantFrom(...messages), fc.constantFrom(...fields), fc.jsonValue(), (message, field, value) => {
      try {
        parseHostMessage(JSON.stringify({ ...message, [field]: value }))
      } catch (error) {
        assert.ok(isFault(error, 'invalid_value'), String(error))
      }
    }),
    { numRuns: 2_000 },
  )
})
