import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { TestBrain, type Held, type TestWake } from '../../../test/testkit/edge-brain.ts'
import { machineId, routeApp, routeMachine, routeService } from '../../../test/testkit/routes.ts'
import { settled } from '../../../test/testkit/manual-clock.ts'

const asleep = { state: 'stopped' as const }
const wakeUp = (wake: TestWake | undefined, seq = 20) => wake?.answer({ kind: 'woken', reply: { seq, endpoint: { address: '127.9.9.9' } } })
const waiting = (edge: TestBrain) => edge.brain.waiters()['hello'] ?? 0

test('an unknown host name gets 404 with a text that helps', () => {
  using edge = new TestBrain()
  const decision = edge.app().admit({ hostname: 'nobody.localhost' })
  assert.ok(decision.kind === 'refuse' && decision.status === 404 && decision.app === undefined)
  assert.match(decision.message, /nobody\.localhost.*<app>\.localhost/)
})

test('host names count without case and trailing dot, own ones beside the built-in', () => {
  using edge = new TestBrain()
  edge.app(routeApp('hello', ['www.example.org'])).machine(routeMachine(1))
  for (const hostname of ['hello.localhost', 'HELLO.localhost.', 'www.example.org', 'WWW.Example.ORG.']) edge.go({ hostname }).done('ok')
})

test('an own host name never takes another app’s built-in one', () => {
  using edge = new TestBrain()
  edge
    .app(routeApp('thief', ['hello.localhost']))
    .app(routeApp('hello'))
    .machine(routeMachine(1))
    .machine(routeMachine(2, { app: 'thief' }))
  assert.equal(edge.go().machine, machineId(1))
})

test('the same from the other side: the app is there first', () => {
  using edge = new TestBrain()
  edge
    .app()
    .app(routeApp('thief', ['hello.localhost']))
    .machine(routeMachine(1))
    .machine(routeMachine(2, { app: 'thief' }))
  assert.equal(edge.go().machine, machineId(1))
})

test('a port without a service is refused by name', () => {
  using edge = new TestBrain()
  const decision = edge.app().machine(routeMachine(1)).admit({ port: 9999 })
  assert.ok(decision.kind === 'refuse' && decision.status === 503 && decision.code === 'PR04')
  assert.match(decision.message, /port 9999/)
})

test('services over a range of ports answer to each of them', () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, { services: [routeService({ ports: [{ from: 9000, to: 9010, handlers: [], forceHttps: false }] })] }))
  edge.go({ port: 9005 }).done('ok')
  assert.equal(edge.admit({ port: 9011 }).kind, 'refuse')
})

test('limits count per machine and service, over all its ports', () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, { services: [routeService({ soft: 1, hard: 1 })] }))
  const first = edge.go({ port: 80 })
  const second = edge.hold({ port: 443 })
  first.done('ok')
  assert.equal(second.outcome, undefined)
})

test('at the hard limit requests wait in line and go in order', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, { services: [routeService({ soft: 1, hard: 2 })] }))
  const running = [edge.go(), edge.go()]
  const held = [edge.hold(), edge.hold(), edge.hold()]
  running[0]?.done('ok')
  await settled()
  assert.deepEqual(
    held.map((each) => each.machine !== undefined),
    [true, false, false],
  )
  running[1]?.done('ok')
  held[0]?.ticket.done('ok')
  await settled()
  assert.deepEqual(
    held.map((each) => each.machine !== undefined),
    [true, true, true],
  )
  assert.equal(waiting(edge), 0)
})

test('a held request gets 503 and Retry-After at its deadline', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, { services: [routeService({ soft: 1, hard: 1 })] }))
  edge.go()
  const held = edge.hold()
  await edge.clock.advance(29_999)
  assert.equal(held.outcome, undefined)
  await edge.clock.advance(1)
  assert.equal(held.refusal.status, 503)
  assert.equal(held.refusal.code, 'PR03')
  assert.ok((held.refusal.retryAfterS ?? 0) > 0)
  assert.equal(waiting(edge), 0)
})

test('500 requests at once for one stopped machine cause one start, and all are served by it', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, asleep))
  const held = Array.from({ length: 500 }, () => edge.hold())
  assert.equal(edge.asked.length, 1)
  wakeUp(edge.asked[0])
  await settled()
  assert.equal(held.filter((each) => each.machine === machineId(1)).length, 500)
  assert.equal(edge.asked.length, 1)
  assert.equal(held[0]?.ticket.address, '127.9.9.9')
})

test('of several stopped machines so many are woken as the held requests need by the soft limit', async () => {
  using edge = new TestBrain()
  edge.app()
  for (const number of [1, 2, 3, 4]) edge.machine(routeMachine(number, asleep))
  const held = Array.from({ length: 45 }, () => edge.hold())
  assert.deepEqual(
    edge.asked.map((ask) => ask.machine),
    [1, 2, 3].map(machineId),
  )
  for (const wake of edge.asked) wakeUp(wake)
  await settled()
  const perMachine = [1, 2, 3].map((number) => held.filter((each) => each.machine === machineId(number)).length)
  assert.deepEqual(
    perMachine.toSorted((a, b) => b - a),
    [20, 20, 5],
  )
  assert.equal(edge.asked.length, 3)
})

test('one request wakes one machine', () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, asleep)).machine(routeMachine(2, asleep))
  edge.hold()
  assert.equal(edge.asked.length, 1)
})

test('a suspended machine is woken before a stopped one', () => {
  using edge = new TestBrain()
  edge
    .app()
    .machine(routeMachine(1, asleep))
    .machine(routeMachine(2, { state: 'suspended' }))
  edge.hold()
  assert.equal(edge.asked[0]?.machine, machineId(2))
})

test('clients that leave leave no waiter behind, and the wake goes on for the one that stays', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, asleep))
  const held = Array.from({ length: 500 }, () => edge.hold())
  for (const each of held.slice(1)) each.leave()
  assert.equal(waiting(edge), 1)
  wakeUp(edge.asked[0])
  await settled()
  assert.equal(held.filter((each) => each.outcome !== undefined).length, 1)
  held[0]?.ticket.done('ok')
  assert.equal(waiting(edge), 0)
  assert.equal(edge.brain.inFlight, 0)
  assert.equal(edge.clock.pending, 0)
})

test('the waiters of an app are bounded; the next one is refused at once', () => {
  using edge = new TestBrain({ limits: { waitersPerApp: 3 } })
  edge.app().machine(routeMachine(1, asleep))
  const held = [edge.hold(), edge.hold(), edge.hold()]
  const refused = edge.admit()
  assert.ok(refused.kind === 'refuse' && refused.status === 503 && (refused.retryAfterS ?? 0) > 0)
  held[1]?.leave()
  edge.hold()
})

test('while the host is away its wake is tried again, until it is back', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, asleep))
  const held = edge.hold()
  for (let tries = 0; tries < 5; tries++) {
    edge.asked.at(-1)?.answer({ kind: 'unreachable', message: 'connect ENOENT' })
    await edge.clock.advance(400)
  }
  assert.equal(edge.asked.length, 6)
  wakeUp(edge.asked.at(-1))
  await settled()
  assert.equal(held.machine, machineId(1))
})

test('a host that stays away costs the request its deadline and says PM03', async () => {
  using edge = new TestBrain({ timeouts: { holdMs: 1_000 } })
  edge.app().machine(routeMachine(1, asleep))
  const held = edge.hold()
  for (let ms = 0; ms < 1_000; ms += 50) {
    edge.asked.at(-1)?.answer({ kind: 'unreachable', message: 'connect ENOENT' })
    await edge.clock.advance(50)
  }
  assert.equal(held.refusal.status, 503)
  assert.ok(['PM03', 'PM05'].includes(held.refusal.code))
})

test('a machine that the host cannot start is refused with its reason, and another one is tried first', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, asleep)).machine(routeMachine(2, asleep))
  const held = edge.hold()
  edge.asked[0]?.answer({ kind: 'refused', message: 'cannot start node: not found' })
  await settled()
  assert.equal(edge.asked[1]?.machine, machineId(2))
  edge.asked[1]?.answer({ kind: 'refused', message: 'cannot start node: not found' })
  await settled()
  assert.equal(held.refusal.code, 'PM08')
  assert.match(held.refusal.message, /cannot start node/)
  const next = edge.admit()
  assert.ok(next.kind === 'refuse' && next.code === 'PM07', 'a wake that has just failed is not tried at once')
  await edge.clock.advance(1_001)
  assert.equal(edge.admit().kind, 'hold')
})

test('who comes while a wake is under way has a deadline of its own', async () => {
  using edge = new TestBrain({ timeouts: { holdMs: 1_000 } })
  edge.app().machine(routeMachine(1, asleep))
  const early = edge.hold()
  await edge.clock.advance(900)
  const late = edge.hold()
  await edge.clock.advance(100)
  edge.asked[0]?.answer({ kind: 'timeout', message: 'machine did not wake within 1 s' })
  await settled()
  assert.equal(early.refusal.code, 'PM03')
  assert.equal(edge.asked.length, 2)
  wakeUp(edge.asked[1])
  await settled()
  assert.equal(late.machine, machineId(1))
})

test('a running machine at its soft limit: another one is woken and gets the request', async () => {
  using edge = new TestBrain()
  const services = [routeService({ soft: 1 })]
  edge
    .app()
    .machine(routeMachine(1, { services }))
    .machine(routeMachine(2, { services, ...asleep }))
  edge.go()
  const held = edge.hold()
  wakeUp(edge.asked[0])
  await settled()
  assert.equal(held.machine, machineId(2))
})

test('a wake that takes long: the machine between its limits takes over', async () => {
  using edge = new TestBrain()
  const services = [routeService({ soft: 1 })]
  edge
    .app()
    .machine(routeMachine(1, { services }))
    .machine(routeMachine(2, { services, ...asleep }))
  edge.go()
  const held = edge.hold()
  await edge.clock.advance(1_999)
  assert.equal(held.outcome, undefined)
  await edge.clock.advance(2)
  assert.equal(held.machine, machineId(1))
})

test('the nearest running machine serves at once while the region’s own is woken for those that follow', async () => {
  using edge = new TestBrain()
  edge
    .app()
    .machine(routeMachine(1, { region: 'cdg' }))
    .machine(routeMachine(2, asleep))
  assert.equal(edge.go().machine, machineId(1))
  assert.equal(edge.asked[0]?.machine, machineId(2))
  wakeUp(edge.asked[0])
  await settled()
  assert.equal(edge.go().machine, machineId(2))
})

test('a machine stopped by hand stays so while another region serves', () => {
  using edge = new TestBrain()
  edge
    .app()
    .machine(routeMachine(1, { region: 'cdg' }))
    .machine(routeMachine(2, { ...asleep, services: [routeService({ autostop: 'off' })] }))
  assert.equal(edge.go().machine, machineId(1))
  assert.equal(edge.asked.length, 0)
})

test('a refused connection goes to the next machine, and the first is avoided for a while', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1)).machine(routeMachine(2))
  const ticket = edge.go()
  const next = ticket.failed('refused')
  assert.ok(next.kind === 'go' && next.ticket.machine !== ticket.machine)
  next.ticket.done('ok')
  for (let n = 0; n < 10; n++) {
    const other = edge.go()
    assert.notEqual(other.machine, ticket.machine)
    other.done('ok')
  }
  await edge.clock.advance(101)
  assert.equal(edge.go().machine, ticket.machine)
})

test('the only machine refuses: its host is asked what became of it', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1))
  const next = edge.go().failed('refused')
  assert.equal(next.kind, 'hold')
  assert.equal(edge.asked.length, 1)
  wakeUp(edge.asked[0])
  await settled()
  assert.ok(next.kind === 'hold')
  const outcome = await next.settled
  assert.ok(outcome.kind === 'go' && outcome.ticket.address === '127.9.9.9')
})

test('the only machine does not listen: 502 that says where it should', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1))
  const next = edge.go().failed('refused')
  assert.ok(next.kind === 'hold')
  assert.equal(edge.asked[0]?.deadlineMs, 5_000)
  edge.asked[0]?.answer({ kind: 'timeout', message: 'did not wake' })
  const outcome = await next.settled
  assert.ok(outcome.kind === 'refuse' && outcome.status === 502 && outcome.code === 'PC01')
  assert.match(outcome.message, /0\.0\.0\.0:8080/)
})

test('a machine that wakes and does not listen: 502 with what its host found', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, asleep))
  const held = edge.hold()
  assert.ok((edge.asked[0]?.deadlineMs ?? 0) < 30_000, 'the host answers before the request’s own deadline')
  edge.asked[0]?.answer({ kind: 'not-listening', message: 'machine does not listen on port 8080 (127.0.0.1:3000)' })
  await settled()
  assert.ok(held.refusal.status === 502 && held.refusal.code === 'PC01' && held.refusal.message.includes('127.0.0.1:3000'))
})

test('without autostart a machine that refuses is tried again by itself, then given up', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, { services: [routeService({ autostart: false })] }))
  let tries = 0
  let decision = edge.go().failed('refused')
  while (decision.kind === 'hold') {
    const { settled: outcome } = decision
    await edge.clock.advance(1_700)
    const result = await outcome
    if (result.kind === 'refuse') break
    tries++
    decision = result.ticket.failed('refused')
  }
  assert.equal(edge.asked.length, 0)
  assert.ok(tries >= 2 && tries < 20, `${tries} tries`)
  assert.ok(decision.kind === 'refuse' && decision.code === 'PC01')
})

test('a reset of the only machine is tried twice more, then 502', () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1))
  const second = edge.go().failed('reset')
  assert.ok(second.kind === 'go')
  const third = second.ticket.failed('reset')
  assert.ok(third.kind === 'go')
  const last = third.ticket.failed('reset')
  assert.ok(last.kind === 'refuse' && last.status === 502 && last.code === 'PC03')
  assert.equal(edge.brain.inFlight, 0)
})

test('a ticket is good for one end only', () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1))
  const ticket = edge.go()
  ticket.done('ok')
  assert.throws(() => ticket.done('ok'))
  assert.throws(() => ticket.failed('reset'))
})

test('while a machine is drained its requests go elsewhere; with none elsewhere they wait for a wake', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1)).machine(routeMachine(2, asleep))
  const reply = edge.views.drain(routeMachine(1).host, machineId(1), { seq: 11, drainId: 'd1' }, false)
  assert.equal(reply, 'drained')
  const held = edge.hold()
  assert.equal(edge.asked[0]?.machine, machineId(1), 'calling a drain off is the quickest wake')
  wakeUp(edge.asked[0], 12)
  await settled()
  assert.equal(held.machine, machineId(1))
})

test('a wake answer from before the drain does not open the machine again', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, asleep))
  const held = edge.hold()
  const { host } = routeMachine(1)
  edge.views.state(host, machineId(1), { seq: 12, state: 'started', draining: false, endpoint: { address: '127.1.0.1' } })
  await settled()
  held.ticket.done('ok')
  assert.equal(edge.views.drain(host, machineId(1), { seq: 13, drainId: 'd1' }, false), 'drained')
  wakeUp(edge.asked[0], 12)
  await settled()
  assert.equal(edge.admit().kind, 'hold')
})

test('the last request at a machine that is watched is told of, held ones included', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1))
  const use = edge.index.useOf(machineId(1))
  assert.ok(use)
  const tickets = [edge.go(), edge.go({ webSocket: true })]
  assert.equal(use.webSockets, 1)
  use.watch = 'unused'
  tickets[0]?.done('ok')
  assert.deepEqual(edge.idle, [])
  tickets[1]?.done('ok')
  assert.deepEqual(edge.idle, [machineId(1)])
})

test('a machine that requests are held for is in use, until they leave', () => {
  using edge = new TestBrain()
  edge.app().machine(
    routeMachine(1, {
      services: [routeService(), routeService({ internalPort: 9090, ports: [{ from: 90, to: 90, handlers: [], forceHttps: false }] })],
    }),
  )
  const use = edge.index.useOf(machineId(1))
  assert.ok(use)
  const running = edge.go({ webSocket: true })
  edge.views.drain(routeMachine(1).host, machineId(1), { seq: 11, drainId: 'd1' }, true)
  const held = edge.hold()
  use.watch = 'unused'
  running.done('ok')
  assert.deepEqual([edge.idle, use.webSockets], [[], 0])
  held.leave()
  assert.deepEqual(edge.idle, [machineId(1)])
})

test('a machine that reset one request is not asked again for it while there is another', () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1)).machine(routeMachine(2))
  const next = edge.go().failed('reset')
  assert.ok(next.kind === 'go' && next.ticket.machine === machineId(2))
})

test('the time a machine is avoided doubles with each refusal in a row, and starts over after an answer', async () => {
  using edge = new TestBrain()
  edge
    .app()
    .machine(routeMachine(1))
    .machine(routeMachine(2, { region: 'cdg' }))
  const avoidedMs = async () => {
    const next = edge.go().failed('refused')
    assert.ok(next.kind === 'go')
    next.ticket.done('ok')
    for (let ms = 0; ; ms += 50) {
      const ticket = edge.go()
      const isBack = ticket.machine === machineId(1)
      ticket.done('aborted')
      if (isBack) return ms
      await edge.clock.advance(50)
    }
  }
  assert.deepEqual([await avoidedMs(), await avoidedMs(), await avoidedMs()], [100, 200, 400])
  edge.go().done('ok')
  assert.equal(await avoidedMs(), 100)
})

test('a new run of a machine has another pool key, a cordon has not', () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1))
  const first = edge.go().poolKey
  edge.machine(routeMachine(1, { seq: 11 }))
  assert.equal(edge.go().poolKey, first)
  edge.machine(routeMachine(1, { seq: 12, state: 'stopped' })).machine(routeMachine(1, { seq: 14 }))
  assert.notEqual(edge.go().poolKey, first)
})

test('cordoned machines get nothing and are not woken', () => {
  using edge = new TestBrain()
  edge
    .app()
    .machine(routeMachine(1, { cordoned: true }))
    .machine(routeMachine(2, { ...asleep, cordoned: true }))
  assert.equal(edge.admit().kind, 'refuse')
  assert.equal(edge.asked.length, 0)
})

test('a machine whose checks have no result yet serves only when none has passed', () => {
  using edge = new TestBrain()
  const unknown = [routeService({ health: 'unknown' })]
  edge.app().machine(routeMachine(1, { services: unknown }))
  edge.go().done('ok')
  edge.machine(routeMachine(2, { region: 'cdg' }))
  assert.equal(edge.go().machine, machineId(2))
})

test('a machine that has just been woken serves before its first check', async () => {
  using edge = new TestBrain()
  const services = [routeService({ health: 'critical' })]
  edge.app().machine(routeMachine(1, { ...asleep, services }))
  const held = edge.hold()
  wakeUp(edge.asked[0])
  await settled()
  held.ticket.done('ok')
  edge.machine(routeMachine(1, { seq: 21, services }))
  assert.equal(edge.admit().kind, 'hold', 'failing a check of this run takes it out')
})

test('held requests go when a machine starts by itself', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, { state: 'starting', services: [routeService({ autostart: false })] }))
  const held = edge.hold()
  assert.equal(edge.asked.length, 0)
  edge.machine(routeMachine(1, { seq: 11 }))
  await settled()
  assert.equal(held.machine, machineId(1))
})

test('held requests are refused when the last machine of their app is gone', async () => {
  using edge = new TestBrain()
  edge.app().machine(routeMachine(1, asleep))
  const held: Held = edge.hold()
  edge.index.dropMachine(machineId(1))
  const app = edge.index.lookup('hello.localhost')
  assert.ok(app)
  edge.brain.changed(app)
  await settled()
  assert.equal(held.refusal.code, 'PR04')
  wakeUp(edge.asked[0])
  await settled()
})
