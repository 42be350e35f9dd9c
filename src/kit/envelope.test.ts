import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { contextOf, deriveKey, EnvelopeError, seal, unseal } from './envelope.ts'

const random = (size: number) => randomBytes(size)
const key = random(32)

test('property: what is sealed opens with its key and context, and with nothing else', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (text, context, other) => {
      const sealed = seal(key, text, context, random)
      assert.equal(unseal(key, sealed, context).toString(), Buffer.from(text).toString())
      assert.throws(() => unseal(random(32), sealed, context), EnvelopeError)
      if (Buffer.from(other).toString() !== Buffer.from(context).toString()) assert.throws(() => unseal(key, sealed, other), EnvelopeError)
    }),
    { numRuns: 100 },
  )
})

test('every changed, missing or added byte is found out', () => {
  const bytes = Buffer.from(seal(key, 'value', 'here', random).slice(2), 'base64url')
  const opens = (changed: Buffer) => unseal(key, `1.${changed.toString('base64url')}`, 'here')
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    assert.throws(() => opens(changed), EnvelopeError, `byte ${at}`)
    assert.throws(() => opens(bytes.subarray(0, at)), EnvelopeError, `cut at ${at}`)
  }
  assert.throws(() => opens(Buffer.concat([bytes, Buffer.from('x')])), EnvelopeError)
})

test('property: no text does more than be refused', () => {
  fc.assert(fc.property(fc.string(), (text) => assert.throws(() => unseal(key, text, ''), EnvelopeError)))
})

test('the same text is sealed differently each time', () => {
  assert.notEqual(seal(key, 'value', 'here', random), seal(key, 'value', 'here', random))
})

test('keys for two purposes are two keys, the same each time', () => {
  assert.deepEqual(deriveKey(key, 'a'), deriveKey(key, 'a'))
  assert.notDeepEqual(deriveKey(key, 'a'), deriveKey(key, 'b'))
})

test('property: different parts never make the same context', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
      assert.equal(contextOf(...a) === contextOf(...b), JSON.stringify(a) === JSON.stringify(b))
    }),
  )
})
