/**
 * `npm start`: a platform of three regions on this computer, the two examples on it, an answer from every region, a sleep and a wake.
 * `npm start -- --exit` does the same in a folder of its own, checks each step, takes everything down again and exits 0 or 1.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const kanteProgram = join(root, 'bin', 'kante')
const regions = ['fra', 'cdg', 'iad'] as const
const flags = process.argv.slice(2)
const isCheck = flags.includes('--exit')
const option = (name: string) => {
  const index = flags.indexOf(name)
  return index >= 0 ? flags[index + 1] : undefined
}
const say = (text = '') => process.stdout.write(`${text}\n`)
const step = (text: string) => say(`\n▸ ${text}`)

/** `--exit` must neither meet nor leave anything of its user's: own home, own ports. */
const home = isCheck ? await mkdtemp(join(tmpdir(), 'kante-demo-')) : undefined
const httpPort = Number(option('--http-port') ?? (isCheck ? 28_080 : 8080))
const apiPort = Number(option('--api-port') ?? (isCheck ? 28_280 : 4280))
const environment = { ...process.env, ...(home === undefined ? {} : { KANTE_HOME: home }) }

async function kante(args: readonly string[], folder = root, show = true): Promise<string> {
  if (show) say(`  $ kante ${args.join(' ')}`)
  const child = spawn(kanteProgram, [...args], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const take = (part: Buffer) => {
    output += part.toString()
    if (show) process.stdout.write(part.toString().replaceAll(/^(?=.)/gm, '    '))
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code !== 0) throw new Error(`kante ${args.join(' ')} ended with ${code}${show ? '' : `\n${output}`}`)
  return output
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly requestId: string
  readonly ms: number
}
/** Browsers and curl resolve `*.localhost` themselves; this program connects to 127.0.0.1 and names the app in Host. */
function ask(port: number, app: string, path = '/'): Promise<Answer> {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', port, path, agent: false, headers: { host: `${app}.localhost` }, signal: AbortSignal.timeout(40_000) },
      (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (part: string) => (body += part))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: body.trim(),
            requestId: String(response.headers['fly-request-id'] ?? ''),
            ms: performance.now() - start,
          }),
        )
      },
    )
    call.on('error', reject)
    call.end()
  })
}
function expect(what: string, holds: boolean, found: unknown): void {
  if (!holds) throw new Error(`${what}: found ${JSON.stringify(found)}`)
}

interface MachineRow {
  readonly id: string
  readonly region: string
  readonly state: string
}
const machinesOf = async (app: string) => JSON.parse(await kante(['machine', 'list', '-a', app, '--json'], root, false)) as readonly MachineRow[]
const started = performance.now()

async function demo(): Promise<void> {
  step('A platform: one daemon, and in each region a host and an edge')
  await kante(['up', '--detach', '--regions', regions.join(','), '--http-port', String(httpPort), '--api-port', String(apiPort)])

  const apps = await kante(['apps', 'list', '--json'], root, false).then((text) =>
    (JSON.parse(text) as readonly { name?: string; Name?: string }[]).map((app) => app.name ?? app.Name),
  )
  step('The tutorial’s app, in all three regions')
  const hello = join(root, 'examples', 'hello-edge')
  if (!apps.includes('my-edge-app')) await kante(['apps', 'create', 'my-edge-app'])
  await kante(['deploy', '--ha=false'], hello)
  await kante(['scale', 'count', '3', '--region', regions.join(','), '--max-per-region', '1', '-y'], hello)
  const machines = await machinesOf('my-edge-app')
  for (const [index, region] of regions.entries()) {
    const answer = await ask(httpPort + index, 'my-edge-app')
    if (index === 0) say(`  first answer ${((performance.now() - started) / 1000).toFixed(1)} s after the start`)
    expect(`answer of the edge in ${region}`, answer.status === 200 && answer.body === 'Hello from Fly Edge!', answer)
    const own = machines.filter((machine) => machine.region === region && machine.state === 'started')
    expect(`a started machine in ${region}`, own.length === 1, machines)
    say(
      `  ${region}  http://my-edge-app.localhost:${httpPort + index}/  ${answer.status} ${answer.body}  (machine ${own[0]?.id}, ${answer.ms.toFixed(0)} ms)`,
    )
  }

  step('Scale to zero: no request for some seconds, and the machines stop')
  const sleeper = join(root, 'examples', 'scale-to-zero')
  if (!apps.includes('scale-to-zero')) await kante(['apps', 'create', 'scale-to-zero'])
  await kante(['deploy', '--ha=false'], sleeper)
  await kante(['scale', 'count', '3', '--region', regions.join(','), '--max-per-region', '1', '-y'], sleeper)
  const deadline = performance.now() + 60_000
  for (;;) {
    const awake = (await machinesOf('scale-to-zero')).filter((machine) => machine.state !== 'stopped')
    if (awake.length === 0) break
    expect('all machines stopped within 60 s', performance.now() < deadline, awake)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  say('  all three are stopped')
  for (const [index, region] of regions.entries()) {
    const first = await ask(httpPort + index, 'scale-to-zero')
    const by = /^machine (\w+) in (\w+)/.exec(first.body)
    expect(`answer of the edge in ${region}`, first.status === 200 && by !== null, first)
    if (by?.[2] === region) say(`  ${region}  asleep: machine ${by[1]} woken and answered in ${first.ms.toFixed(0)} ms`)
    else {
      // Nobody waits for a boot while another region's machine is awake: that one answers, and the region's own is woken beside it.
      const own = await untilAnsweredIn(region, httpPort + index)
      say(
        `  ${region}  asleep: the machine awake in ${by?.[2]} answered in ${first.ms.toFixed(0)} ms; ${region}’s own was up ${own.toFixed(0)} ms later`,
      )
    }
  }
  const warm = await ask(httpPort, 'scale-to-zero')
  say(`  warm: ${warm.ms.toFixed(1)} ms`)
}

/** Milliseconds until the edge's answer comes from a machine of its own region. */
async function untilAnsweredIn(region: string, port: number): Promise<number> {
  const start = performance.now()
  for (;;) {
    const answer = await ask(port, 'scale-to-zero')
    if (answer.status === 200 && answer.body.includes(` in ${region}`)) return performance.now() - start
    expect(`an answer from ${region} within 10 s`, performance.now() - start < 10_000, answer)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

try {
  await demo()
  if (isCheck) {
    step('Taking everything down again')
    await kante(['down', '--purge', '--yes'])
    say('\nAll steps were right.')
  } else {
    const tries: readonly (readonly [command: string, about: string])[] = [
      [`export PATH="${join(root, 'bin')}:$PATH"`, ''],
      [`curl http://my-edge-app.localhost:${httpPort}/`, `fra; ${httpPort + 1} is cdg, ${httpPort + 2} is iad`],
      [`curl http://scale-to-zero.localhost:${httpPort + 1}/`, 'sleeps after some idle seconds, wakes when asked'],
      ['kante status', ''],
      ['kante machine list -a my-edge-app', ''],
      ['kante logs -a my-edge-app --no-tail', ''],
      ['kante scale count 4 -a my-edge-app', ''],
      ['kante launch', 'in the folder of a project of your own'],
      ['kante down', 'stops it all; the data stays, and `kante up` brings it back'],
    ]
    const width = Math.max(...tries.slice(1).map(([command]) => command.length))
    say('\nIt stays up. Try:')
    for (const [command, about] of tries) say(`  ${about === '' ? command : `${command.padEnd(width)}   # ${about}`}`)
    say('\ndocs/guides/first-app.md goes on from here.')
  }
} catch (error) {
  say(`\n✗ ${(error as Error).message}`)
  if (isCheck) await kante(['down', '--purge', '--yes']).catch((failure: unknown) => say(String(failure)))
  process.exitCode = 1
} finally {
  if (home !== undefined) await rm(home, { recursive: true, force: true })
}
