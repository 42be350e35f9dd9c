/**
 * kill -9 of the daemon of a whole platform with 200 machines recorded and 50 of them running, under load: how long until the new daemon answers for all
 * machines and the edge follows it again, and how many requests failed meanwhile.
 *
 *   node bench/kill.ts [--recorded 200] [--running 50] [--rounds 3] [--rate 100]
 */
import { kanteLauncher, run } from '../test/testkit/command.ts'
import { plainApp } from '../test/testkit/app.ts'
import { edgeStatus } from '../test/testkit/edge-status.ts'
import { openLoad } from '../test/testkit/load.ts'
import { cleanEnvironment, openTestPlatform } from '../test/testkit/platform.ts'
import { until } from '../test/testkit/until.ts'

const option = (name: string, fallback: number) => (process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : fallback)
const recorded = option('--recorded', 200)
const running = option('--running', 50)
const rounds = option('--rounds', 3)
interface Machine {
  readonly id: string
  readonly state: string
  readonly config: object
}

await using platform = await openTestPlatform({ regions: ['fra'] })
await using app = await plainApp('many')
await platform.kante(['apps', 'create', 'many'])
await platform.kante(['deploy', '--ha=false'], { cwd: app.dir })
const machines = async () => (await platform.api<readonly Machine[]>('GET', '/v1/apps/many/machines')).body
const [first] = await machines()
if (first === undefined) throw new Error('the deploy made no machine')
for (let i = 1; i < recorded; i++) {
  const { status, body } = await platform.api('POST', '/v1/apps/many/machines', { region: 'fra', skip_launch: i >= running, config: first.config })
  if (status !== 200) throw new Error(`machine ${i}: ${status} ${JSON.stringify(body)}`)
}
const startedCount = async () => (await machines()).filter((machine) => machine.state === 'started').length
await until('all run', async () => (await startedCount()) === running, 120_000, 200)

const load = await openLoad({ port: platform.edgePort('fra'), host: 'many.localhost', perSecond: option('--rate', 100) })
console.log('| round | new daemon answers for all, ms | edge follows it again, ms |\n|---|---|---|')
for (let round = 1; round <= rounds; round++) {
  process.kill(await platform.daemonPid(), 'SIGKILL')
  const began = performance.now()
  const up = run(kanteLauncher, ['up', '--detach'], { env: { ...cleanEnvironment(), KANTE_HOME: platform.home } })
  // The old daemon's API is gone, so the first answer is the new one's.
  await until('the new daemon answers for all', async () => (await machines()).length === recorded && (await startedCount()) === running, 60_000, 5)
  const answeredMs = performance.now() - began
  await until(
    'the edge follows it',
    async () => {
      const status = await edgeStatus(platform, 'fra')
      return (
        status.routes.connected &&
        status.routes.ageMs !== null &&
        status.routes.ageMs < 2_500 &&
        status.sessions.every((session) => session.connected)
      )
    },
    60_000,
    5,
  )
  console.log(`| ${round} | ${answeredMs.toFixed(0)} | ${(performance.now() - began).toFixed(0)} |`)
  await up
}
const result = await load.stop()
console.log(`\n${result.sent} requests, ${result.failed} failed, the longest ${result.longestMs.toFixed(0)} ms.`)
if (result.failed > 0) {
  console.log(result.failures.join('\n'))
  process.exitCode = 1
}
