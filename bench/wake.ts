/**
 * Waking: from the edge's call for a stopped machine to the first byte of its answer, beside starting the same command bare. Both arms poll the port in
 * the same way and alternate, so that what else the computer does meets both. Then the same for a suspended machine.
 *
 *   node bench/wake.ts [--wakes 50]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pollPort } from '../src/host/edge-api/poll-port.ts'
import { systemClock } from '../src/kit/clock.ts'
import { edge, openHostFixture, orderOf, post, type HostFixture } from '../test/integration/host/host-fixture.ts'

const wakes = Number(process.argv[process.argv.indexOf('--wakes') + 1] || 50)
const server = `require('node:http').createServer((req, res) => res.end('ok')).listen(process.env.PORT, process.env.HOST)`

const firstByte = (address: string) =>
  new Promise<void>((resolve, reject) => {
    const socket = connect(8080, address, () => socket.write('GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n'))
    socket.once('data', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', reject)
  })
const timed = async (task: () => Promise<unknown>) => {
  const beganMs = performance.now()
  await task()
  return performance.now() - beganMs
}

async function bareStart(dir: string, address: string): Promise<number> {
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', PORT: '8080', HOST: address }
  let child: ReturnType<typeof spawn> | undefined
  const took = await timed(async () => {
    child = spawn(process.execPath, ['index.js'], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    await pollPort(systemClock, address, 8080, new AbortController().signal)
    await firstByte(address)
  })
  child?.kill('SIGKILL')
  if (child) await once(child, 'exit')
  return took
}

async function wake(fixture: HostFixture, machine: string): Promise<void> {
  const { status, body } = await post(fixture.socket, '/v1/edge/wake', { edge, machine, internalPort: 8080, deadlineMs: 30_000 })
  if (status !== 200) throw new Error(`wake: ${status} ${JSON.stringify(body)}`)
  await firstByte((body as { endpoint: { address: string } }).endpoint.address)
}

const at = (times: readonly number[], share: number) =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
const row = (name: string, times: readonly number[]) => console.log(`| ${name} | ${at(times, 0.5).toFixed(1)} | ${at(times, 0.99).toFixed(1)} |`)

await using fixture = await openHostFixture()
const { port } = fixture.host
const dir = await mkdtemp(join(tmpdir(), 'kante-bench-'))
await writeFile(join(dir, 'index.js'), server)
const order = orderOf(await fixture.bundles.add(server), {}, { start: false })
const { id } = order.desired
const { report } = await port.createMachine(order)
const bareAddress = report.observed.endpoint.address.replace(/\d+$/, '9')
const [bare, woken, resumed]: [number[], number[], number[]] = [[], [], []]
try {
  for (let n = -3; n < wakes; n++) {
    const bareMs = await bareStart(dir, bareAddress)
    const wokenMs = await timed(() => wake(fixture, id))
    await port.suspendMachine(id, {})
    await port.waitMachine(id, { states: ['suspended'], timeoutMs: 5_000 })
    const resumedMs = await timed(() => wake(fixture, id))
    await port.stopMachine(id, { signal: 'SIGKILL' })
    await port.waitMachine(id, { states: ['stopped'], timeoutMs: 5_000 })
    // The first rounds warm caches up.
    if (n < 0) continue
    bare.push(bareMs)
    woken.push(wokenMs)
    resumed.push(resumedMs)
  }
  console.log(`| ${wakes} times | p50 ms | p99 ms |\n|---|---|---|`)
  row('the command, started bare', bare)
  row('wake of a stopped machine', woken)
  row('wake of a suspended machine', resumed)
  console.log(`\nwake − bare: p50 ${(at(woken, 0.5) - at(bare, 0.5)).toFixed(1)} ms, p99 ${(at(woken, 0.99) - at(bare, 0.99)).toFixed(1)} ms`)
} finally {
  await rm(dir, { recursive: true })
}
