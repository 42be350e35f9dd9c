/**
 * Recovery of a host: 200 machines recorded, 50 of them running. The daemon's half is closed and opened again as after its death (the keeper and the
 * machines go on): how long until the host answers for all, and until all are published; how many requests to the machines failed meanwhile.
 *
 *   node bench/recovery.ts [--recorded 200] [--running 50] [--rounds 5]
 */
import { connect } from 'node:net'
import { prefixes } from '../src/store/keys.ts'
import { prefixRange } from '../src/store/contract.ts'
import type { ObservedMachine } from '../src/model/machine/machine-record.ts'
import { until } from '../test/testkit/until.ts'
import { openHostFixture, orderOf } from '../test/integration/host/host-fixture.ts'

const option = (name: string, otherwise: number) => {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? otherwise : Number(process.argv[at + 1])
}
const [recorded, running, rounds] = [option('recorded', 200), option('running', 50), option('rounds', 5)]
const server = `require('node:http').createServer((req, res) => res.end('ok')).listen(process.env.PORT, process.env.HOST)`

const answers = (address: string) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(8080, address, () => socket.write('GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n'))
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

await using fixture = await openHostFixture()
const image = await fixture.bundles.add(server)
const orders = Array.from({ length: recorded }, (_, n) => orderOf(image, {}, { start: n < running }))
for (let at = 0; at < orders.length; at += 10) await Promise.all(orders.slice(at, at + 10).map((order) => fixture.host.port.createMachine(order)))
const started = orders.slice(0, running).map((order) => order.desired.id)
for (const id of started) await fixture.host.port.waitMachine(id, { states: ['started'], timeoutMs: 60_000 })
const addresses = (await fixture.host.port.listMachines())
  .filter((report) => started.includes(report.observed.id))
  .map((report) => report.observed.endpoint.address)
for (const address of addresses) await until('it listens', () => answers(address), 60_000)

let [asked, failed] = [0, 0]
const enough = new AbortController()
const asking = (async () => {
  while (!enough.signal.aborted) {
    const address = addresses[asked++ % addresses.length]
    if (address !== undefined && !(await answers(address))) failed++
  }
})()
console.log('| round | host answers for all, ms | all published, ms |\n|---|---|---|')
for (let round = 1; round <= rounds; round++) {
  let closedAtMs = 0
  let before = 0
  await fixture.restart(async () => {
    closedAtMs = performance.now()
    before = Date.now()
  })
  const openMs = performance.now() - closedAtMs
  const found = (await fixture.host.port.listMachines()).filter((report) => report.observed.state === 'started').length
  if (found !== running) throw new Error(`${found} of ${running} machines are started`)
  await until('all are published anew', async () => {
    const { entries } = await fixture.store.range(prefixRange(prefixes.observed))
    return entries.filter((entry) => (JSON.parse(entry.value) as ObservedMachine).seq >= before).length === recorded
  })
  console.log(`| ${round} | ${openMs.toFixed(0)} | ${(performance.now() - closedAtMs).toFixed(0)} |`)
}
enough.abort()
await asking
console.log(`\n${asked} requests to the machines meanwhile, ${failed} failed`)
