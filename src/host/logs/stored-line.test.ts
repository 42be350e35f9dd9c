import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseAppName, parseMachineId, parseRegionCode } from '../../model/ids.ts'
import { mergeLines, parseStoredLine } from './stored-line.ts'

const origin = { app: parseAppName('app'), machine: parseMachineId('0123456789abcd'), region: parseRegionCode('fra') }
const stored = (id: string, more: object = {}) => JSON.stringify({ id, level: 'info', message: 'm', ...more })

test('a stored line gets what its file says of it', () => {
  assert.deepEqual(parseStoredLine(stored('1700000000000-100000001'), origin), {
    id: '1700000000000-100000001',
    timestamp: '2023-11-14T22:13:20.000Z',
    ...origin,
    provider: 'app',
    level: 'info',
    message: 'm',
  })
  const own = parseStoredLine(stored('1700000000000-500000001', { machine: '', provider: 'proxy', at: 1_600_000_000_000 }), origin)
  assert.deepEqual([own?.machine, own?.provider, own?.timestamp], ['', 'proxy', '2020-09-13T12:26:40.000Z'])
})

test('what is no line of ours is passed over', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => parseStoredLine(text, origin) === undefined))
  for (const at of [Number.MAX_VALUE, Number.NaN, '1']) assert.ok(parseStoredLine(stored('1700000000000-100000001', { at }), origin))
})

test('lines of several files come in the order of their ids, each once', () => {
  const line = (id: number) => parseStoredLine(stored(`${1_700_000_000_000 + id}-100000001`), origin)
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(50), { maxLength: 20 }), { maxLength: 4 }), (files) => {
      const merged = mergeLines(files.map((ids) => ids.flatMap((id) => line(id) ?? [])))
      const wanted = [...new Set(files.flat())].toSorted((a, b) => a - b)
      assert.deepEqual(
        merged.map((one) => Number(one.id.slice(0, 13)) - 1_700_000_000_000),
        wanted,
      )
    }),
  )
})
