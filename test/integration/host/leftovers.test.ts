import assert from 'node:assert/strict'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { echoServer, nextOrder, openHostFixture, orderOf } from './host-fixture.ts'

test('a host that opens removes what nobody has a record of, and keeps what its machines run on', async () => {
  await using fixture = await openHostFixture()
  const order = orderOf(await fixture.bundles.add(echoServer))
  await fixture.host.port.createMachine(order)
  const { id } = order.desired
  await fixture.host.port.waitMachine(id, { states: ['started'], timeoutMs: 5_000 })
  const image = await fixture.bundles.add(`${echoServer} // the next version`)
  await fixture.host.port.updateMachine(nextOrder(order, { image }), {})
  await fixture.host.port.waitMachine(id, { states: ['started'], timeoutMs: 5_000 })
  const layers = () => readdir(join(fixture.dir, 'bundles', 'layers'))
  assert.equal((await layers()).length, 2)
  const [pid] = (await fixture.host.port.processes(id)).map((found) => found.pid)
  // As a daemon leaves it that is killed between laying out a machine and recording it.
  await fixture.restart(() => mkdir(join(fixture.dir, 'machines', '0123456789abcd', 'next', 'app'), { recursive: true }))
  assert.deepEqual(
    (await readdir(join(fixture.dir, 'machines'))).filter((name) => !name.startsWith('.')),
    [id],
  )
  assert.equal((await layers()).length, 1)
  assert.equal((await fixture.host.port.processes(id))[0]?.pid, pid)
  await fixture.host.port.stopMachine(id, {})
  await fixture.host.port.waitMachine(id, { states: ['stopped'], timeoutMs: 5_000 })
  await fixture.host.port.startMachine(id, {})
  await fixture.host.port.waitMachine(id, { states: ['started'], timeoutMs: 5_000 })
})
