/**
 * Control's API over HTTP with ten thousand machines recorded: reads and writes per second, and how long they take.
 *
 *   node bench/api.ts [--machines 10000] [--seconds 3] [--clients 16]
 *
 * Real: the store (sqlite, every write synced), the mirror, control, HTTP on loopback. The hosts are in memory: they publish their copies into the store
 * as real ones do, but have no database and no processes of their own.
 */
import { Agent, request } from 'node:http'
import { openTestControl, token } from '../test/integration/control/open-test-control.ts'

const option = (name: string, fallback: number) => (process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : fallback)
const machines = option('--machines', 10_000)
const seconds = option('--seconds', 3)
const clients = option('--clients', 16)
const perApp = 100

await using at = await openTestControl({ regions: ['fra', 'cdg', 'iad'] })
const port = await at.control.listenApi('127.0.0.1', 0)
const agent = new Agent({ keepAlive: true, maxSockets: clients })
const config = {
  image: 'example/web:1',
  env: { PRIMARY_REGION: 'fra', A: 'x'.repeat(200) },
  services: [
    { protocol: 'tcp', internal_port: 8080, autostop: true, ports: [{ port: 80, handlers: ['http'] }], checks: [{ type: 'http', path: '/' }] },
  ],
}

function call(method: string, path: string, body?: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', method, path, agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if ((response.statusCode ?? 500) >= 300) reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`))
        else resolve(text === '' ? undefined : JSON.parse(text))
      })
    })
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
async function measure(name: string, work: (number: number) => Promise<unknown>): Promise<void> {
  const took: number[] = []
  const begin = performance.now()
  let number = 0
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() - begin < seconds * 1000) {
        const start = performance.now()
        await work(number++)
        took.push(performance.now() - start)
      }
    }),
  )
  const elapsed = (performance.now() - begin) / 1000
  const sorted = took.toSorted((a, b) => a - b)
  const share = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(1)
  console.log(`| ${name} | ${Math.round(took.length / elapsed)} | ${share(0.5)} | ${share(0.99)} |`)
}

const ids: { app: string; id: string }[] = []
const apps = Math.ceil(machines / perApp)
const begin = performance.now()
for (let app = 0; app < apps; app++) {
  await call('POST', '/v1/apps', { name: `app${app}` })
  const made = await Promise.all(
    Array.from({ length: perApp }, () => call('POST', `/v1/apps/app${app}/machines`, { config, region: 'any', skip_launch: true })),
  )
  for (const machine of made) ids.push({ app: `app${app}`, id: (machine as { id: string }).id })
}
const made = (performance.now() - begin) / 1000
console.log(`${ids.length} machines of ${apps} apps made in ${made.toFixed(1)} s (${Math.round(ids.length / made)} a second); ${clients} clients\n`)
console.log('| call | per second | p50 ms | p99 ms |\n|---|---|---|---|')
const any = (number: number) => ids[(number * 7919) % ids.length]!
const path = (number: number) => `/v1/apps/${any(number).app}/machines/${any(number).id}`
await measure('GET machine', (number) => call('GET', path(number)))
await measure('GET machines of an app (100)', (number) => call('GET', `/v1/apps/${any(number).app}/machines`))
await measure('GET apps (100)', () => call('GET', '/v1/apps'))
await measure('POST metadata (write)', (number) => call('POST', `${path(number)}/metadata/n`, { value: String(number) }))
await measure('POST machine (write)', (number) => call('POST', `/v1/apps/${any(number).app}/machines`, { config, skip_launch: true }))
agent.destroy()
