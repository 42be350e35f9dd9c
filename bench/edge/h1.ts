import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { caddyConfig, haproxyConfig, haproxyMap } from './peers.ts'

/**
 * CPU seconds (user and system) per 10,000 requests of our edge, HAProxy and Caddy, same rules, log and request id on, interleaved in one run: ratios are medians over the
 * rounds, so that what else the computer does weighs on both sides of each. Needs Debian's
 * `haproxy`, `caddy` and `wrk` (a peer that is missing is left out). `node bench/edge/h1.ts [--rounds N] [--seconds N] [--only small,big,new]
 * [--brain edge|static] [--no-caddy] [--node-flags FLAGS] [--against FOLDER] [--against-flags FLAGS]`: another checkout, or this one with other flags of Node.js,
 * is measured beside it, round by round.
 */
const option = (name: string, fallback: string): string => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback)
}
const rounds = Number(option('rounds', '5'))
const seconds = Number(option('seconds', '2'))
const only = option('only', 'small,big,new').split(',')
const nodeFlags = option('node-flags', '--max-semi-space-size=1').split(' ')
const against = option('against', '')
const againstFlags = option('against-flags', nodeFlags.join(' ')).split(' ')

const headers = [
  'Host: app1.example',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) bench',
  'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
  'Accept-Encoding: gzip, deflate, br',
  'Accept-Language: en-GB,en;q=0.7,de;q=0.3',
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark',
]
const rows = [
  { name: 'small', title: 'small answer, keep-alive, 64 connections', connections: 64, path: '/', extra: [] },
  { name: 'big', title: '100 KB answer, keep-alive, 32 connections', connections: 32, path: '/big', extra: [] },
  { name: 'new', title: 'a new connection for each request, 64 at once', connections: 64, path: '/', extra: ['Connection: close'] },
].filter(({ name }) => only.includes(name))

const children: ChildProcess[] = []
const folder = mkdtempSync(join(tmpdir(), 'kante-bench-'))
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const start = (core: string, command: string, args: readonly string[]): ChildProcess => {
  const child = spawn('taskset', ['-c', core, command, ...args], { stdio: ['ignore', 'ignore', command === process.execPath ? 'inherit' : 'ignore'] })
  children.push(child)
  return child
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => (server.close(), once(server, 'close'))))
  return ports
}
async function accepts(port: number): Promise<void> {
  const deadline = Date.now() + 10_000
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise((resolve) => socket.on('connect', () => resolve(true)).on('error', () => resolve(false)))
    socket.destroy()
    if (isOpen === true) return
    if (Date.now() > deadline) throw new Error(`nothing listens on ${port}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
/** Nanoseconds on a core of all threads of a process. */
function cpuNs(pid: number): number {
  let sum = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0])
  return sum
}
/** Memory of a process in MB, its share of shared pages counted. */
const memoryMb = (pid: number): number => Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? Number.NaN) / 1024

async function load(port: number, row: (typeof rows)[number]): Promise<{ requests: number; errors: string }> {
  const args = [
    '-c',
    '1',
    'wrk',
    '-t1',
    `-c${row.connections}`,
    `-d${seconds}s`,
    ...[...headers, ...row.extra].flatMap((header) => ['-H', header]),
    `http://127.0.0.1:${port}${row.path}`,
  ]
  const wrk = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  wrk.stdout.on('data', (data: Buffer) => (text += data.toString()))
  await once(wrk, 'close')
  return { requests: Number(/(\d+) requests in/.exec(text)?.[1] ?? 0), errors: /Non-2xx.*|Socket errors.*/.exec(text)?.[0] ?? '' }
}
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const exists = (file: string): boolean => {
  try {
    return readFileSync(file).length > 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

try {
  const [kantePort = 0, otherPort = 0, haproxyPort = 0, caddyPort = 0, ...backends] = await freePorts(8)
  start('1', process.execPath, [here('backend.ts'), ...backends.map(String)])
  await Promise.all(backends.map(accepts))
  const edge = (name: string, port: number, flags: readonly string[], program: string) => ({
    name,
    port,
    child: start('0', process.execPath, [
      ...flags,
      program,
      option('brain', 'edge'),
      join(folder, `${name}.log`),
      String(port),
      ...backends.map(String),
    ]),
  })
  const proxies = [edge('kante', kantePort, nodeFlags, here('kante-edge.ts'))]
  if (against !== '') proxies.push(edge('other', otherPort, againstFlags, join(resolve(against), 'bench/edge/kante-edge.ts')))
  if (exists('/usr/sbin/haproxy')) {
    writeFileSync(join(folder, 'hosts.map'), haproxyMap())
    writeFileSync(join(folder, 'haproxy.cfg'), haproxyConfig(haproxyPort, backends, join(folder, 'hosts.map')))
    proxies.push({ name: 'haproxy', port: haproxyPort, child: start('0', '/usr/sbin/haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')]) })
  }
  if (!process.argv.includes('--no-caddy') && exists('/usr/bin/caddy')) {
    writeFileSync(join(folder, 'Caddyfile'), caddyConfig(caddyPort, backends, join(folder, 'caddy.log')))
    proxies.push({
      name: 'caddy',
      port: caddyPort,
      child: start('0', '/usr/bin/caddy', ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')]),
    })
  }
  await Promise.all(proxies.map(({ port }) => accepts(port)))
  for (const row of rows) {
    const costs = new Map<string, number[]>(proxies.map(({ name }) => [name, []]))
    for (const { port } of proxies) await load(port, row)
    for (let round = 0; round < rounds; round++) {
      for (const { name, port, child } of round % 2 === 0 ? proxies : proxies.toReversed()) {
        const before = cpuNs(child.pid ?? 0)
        const { requests, errors } = await load(port, row)
        costs.get(name)?.push((cpuNs(child.pid ?? 0) - before) / 1e9 / (requests / 10_000))
        if (errors !== '') console.log(`  ${name}: ${errors}`)
      }
    }
    const cost = (name: string) => median(costs.get(name) ?? [])
    const ratio = (name: string, other: string) =>
      median((costs.get(name) ?? []).map((value, round) => value / (costs.get(other)?.[round] ?? Number.NaN)))
    console.log(`\n${row.title}`)
    for (const { name, child } of proxies) {
      const all = costs.get(name) ?? []
      const ratios = proxies.filter((other) => other.name !== name).map((other) => `${ratio(name, other.name).toFixed(2)}× ${other.name}`)
      console.log(
        `  ${name.padEnd(8)} ${cost(name).toFixed(3)} s/10k (${Math.min(...all).toFixed(3)}–${Math.max(...all).toFixed(3)})   ${ratios.join(', ')}   ${memoryMb(child.pid ?? 0).toFixed(0)} MB`,
      )
    }
  }
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}
