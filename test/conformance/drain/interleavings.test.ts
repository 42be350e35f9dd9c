import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { actionsOf, checkEnd, cloneWorld, keyOf, newWorld, type World } from './drain-model.ts'

/** Walks all worlds that can be reached. Gives how many there are; a violation throws with the way that led there. */
function exploreAll(left: World['left'], isForDeploy: boolean, ignore: (action: string) => boolean): number {
  const { requests } = left
  const seen = new Set<string>()
  const stack: { readonly world: World; readonly way: readonly string[] }[] = [{ world: newWorld({ ...left }, isForDeploy), way: [] }]
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { world, way } = entry
    const actions = actionsOf(world).filter(([name]) => !ignore(name))
    const canEnd = actions.every(([name]) => name.endsWith('leaves'))
    if (canEnd) withWay(way, () => checkEnd(world, requests - world.left.requests))
    for (const [name, run] of actions) {
      const next = cloneWorld(world)
      const path = [...way, name]
      withWay(path, () => run(next))
      const key = keyOf(next)
      if (seen.has(key)) continue
      seen.add(key)
      stack.push({ world: next, way: path })
    }
  }
  return seen.size
}
function withWay(way: readonly string[], run: () => void): void {
  try {
    run()
  } catch (error) {
    throw new Error(`after: ${way.join(' → ')}`, { cause: error })
  }
}

const always = /leaves|times out/
for (const { what, left, without } of [
  { what: 'two requests and a drain', left: { requests: 2, drains: 1, drops: 0, crashes: 0 }, without: always },
  // Without the feed there are some 30,000 worlds, with it more than a million.
  {
    what: 'two requests and two drains',
    left: { requests: 2, drains: 2, drops: 0, crashes: 0 },
    without: /leaves|times out|says busy|feed|not told/,
  },
  {
    what: 'two requests, a drain and a lost session',
    left: { requests: 2, drains: 1, drops: 1, crashes: 0 },
    without: /leaves|times out|says busy|feed|not told/,
  },
  {
    what: 'a request, a drain and a result of a check',
    left: { requests: 1, drains: 1, drops: 0, crashes: 0, results: 1 },
    without: /leaves|times out|says busy/,
  },
  { what: 'a request, a drain and a lost session', left: { requests: 1, drains: 1, drops: 1, crashes: 0 }, without: always },
  { what: 'a request, a drain and a crash of the host', left: { requests: 1, drains: 1, drops: 0, crashes: 1 }, without: always },
])
  for (const isForDeploy of [false, true])
    test(`every interleaving of ${what}${isForDeploy ? ' for a deploy' : ''}: nothing is sent to a machine that is taken down, nothing is lost`, () => {
      const count = exploreAll(left, isForDeploy, (name) => without.test(name))
      assert.ok(count > 3_000, `${count} worlds`)
    })

test('long random histories with crashes, lost sessions, time-outs and clients that leave', () => {
  fc.assert(
    fc.property(fc.array(fc.noBias(fc.nat()), { minLength: 150, maxLength: 400, size: 'max' }), fc.boolean(), (dice, isForDeploy) => {
      const requests = 12
      const world = newWorld({ requests, drains: 6, drops: 2, crashes: 1, results: 6 }, isForDeploy)
      const way: string[] = []
      const step = (die: number, pick: (name: string) => boolean) => {
        const actions = actionsOf(world).filter(([name]) => pick(name))
        const action = actions[die % actions.length]
        if (action === undefined) return false
        way.push(action[0])
        withWay(way, () => action[1](world))
        return true
      }
      for (const die of dice) if (!step(die, () => true)) break
      // Let all come to its end: nothing new begins, nobody leaves.
      const goesOn = (name: string) => !/begins a drain|loses|dies|leaves|times out|says busy|: request$/.test(name)
      for (let n = 0; step(n, goesOn); n++) assert.ok(n < 2_000, 'comes to no end')
      withWay(way, () => checkEnd(world, requests - world.left.requests))
    }),
    { numRuns: 4_000 },
  )
})
