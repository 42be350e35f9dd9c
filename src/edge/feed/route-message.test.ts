import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { routeApp, routeHost, routeMachine, routeService } from '../../../test/testkit/routes.ts'
import { isFault } from '../../model/fault/fault.ts'
import type { RouteMessage } from '../../protocol/route-feed.ts'
import { parseRouteMessage } from './route-message.ts'
import { applyRoutes, emptyRoutes } from './route-table.ts'
import { lineSplitter } from './unix-http.ts'

const message: RouteMessage = {
  type: 'snapshot',
  revision: 7,
  apps: [{ ...routeApp('hello', ['www.example.org']), primaryRegion: routeMachine(1).region }],
  machines: [
    routeMachine(1),
    routeMachine(2, { endpoint: { address: '127.0.0.1', portMap: { 8080: 40_001 } }, services: [routeService({ hard: 25 })] }),
  ],
  hosts: [routeHost('fra')],
}

test('a message is read as it was written, an unlimited hard limit included', () => {
  assert.deepEqual(parseRouteMessage(JSON.stringify(message)), message)
})

test('a message of a kind that this edge does not know changes nothing', () => {
  const read = parseRouteMessage(JSON.stringify({ type: 'weights', revision: 8 }))
  assert.equal(applyRoutes(emptyRoutes(), read), undefined)
})

test('whatever comes, it is a message or a fault that names the field', () => {
  const paths: (readonly string[])[] = []
  const walk = (value: unknown, path: readonly string[]) => {
    if (path.length > 0) paths.push(path)
    if (typeof value === 'object' && value !== null) for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key])
  }
  walk(JSON.parse(JSON.stringify(message)), [])
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
      const broken = JSON.parse(JSON.stringify(message)) as Record<string, unknown>
      let at = broken
      for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>
      at[path.at(-1) as string] = value
      try {
        parseRouteMessage(JSON.stringify(broken))
      } catch (error) {
        assert.ok(isFault(error, 'invalid_value'), String(error))
      }
    }),
    { numRuns: 3_000 },
  )
})

test('a snapshot replaces, a delta adds, and an old delta changes nothing', () => {
  const table = emptyRoutes()
  applyRoutes(table, message)
  assert.deepEqual([table.revision, table.machines.size], [7, 2])
  assert.equal(applyRoutes(table, { type: 'delta', revision: 7, goneMachines: [routeMachine(1).id] }), undefined)
  applyRoutes(table, { type: 'delta', revision: 8, goneMachines: [routeMachine(1).id], machines: [routeMachine(3)] })
  assert.deepEqual([...table.machines.keys()], [routeMachine(2).id, routeMachine(3).id])
  const change = applyRoutes(table, { ...message, revision: 3, machines: [routeMachine(2)] })
  assert.deepEqual(change?.goneMachines, [routeMachine(3).id])
  assert.equal(table.revision, 3)
})

test('lines are the same however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1 }).filter((line) => !line.includes('\n') && line.trim() !== '')),
      fc.array(fc.nat(40)),
      (lines, cuts) => {
        const text = lines.map((line) => `${line}\n`).join('')
        const got: string[] = []
        const take = lineSplitter(1_000, (line) => got.push(line))
        let from = 0
        for (const cut of cuts) take(text.slice(from, (from += cut)))
        take(text.slice(from))
        assert.deepEqual(got, lines)
      },
    ),
  )
})

test('a line without end is given up', () => {
  const take = lineSplitter(10, () => assert.fail('no line'))
  take('12345')
  assert.throws(() => take('678901'), /longer than 10/)
})
