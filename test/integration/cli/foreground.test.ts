import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { kanteLauncher } from '../../testkit/command.ts'
import { cleanEnvironment, openTestPlatform } from '../../testkit/platform.ts'
import { until } from '../../testkit/until.ts'
import { answersOn } from '../../../src/cli/platform/preflight.ts'

test('Ctrl-C in a foreground up takes daemon, edges and machines down; a failed up leaves nothing', async () => {
  await using platform = await openTestPlatform({ regions: ['fra'], start: false })
  const argv = ['up', '--regions', 'fra', '--api-port', String(platform.apiPort), '--http-port', String(platform.edgePort('fra'))]
  const child = spawn(kanteLauncher, argv, { env: { ...cleanEnvironment(), KANTE_HOME: platform.home }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()))
  await until('the platform runs', () => output.includes('Ctrl-C takes it down'), 60_000)
  const keeper = join(platform.home, 'run', 'k-fra.sock')
  assert.equal(await answersOn(keeper), true)
  const pid = await platform.daemonPid()
  child.kill('SIGINT')
  const [code] = (await once(child, 'close')) as [number | null]
  assert.equal(code, 0, output)
  assert.match(output, /The platform is down/)
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  assert.equal(await answersOn(keeper), false)
  assert.equal((JSON.parse(await readFile(join(platform.home, 'platform.json'), 'utf8')) as { apiPort: number }).apiPort, platform.apiPort)
})

test('an up that is detached leaves no descriptor of its starter open', async () => {
  await using platform = await openTestPlatform({ regions: ['fra'], start: false })
  const argv = ['up', '--detach', '--regions', 'fra', '--api-port', String(platform.apiPort), '--http-port', String(platform.edgePort('fra'))]
  const child = spawn(kanteLauncher, argv, { env: { ...cleanEnvironment(), KANTE_HOME: platform.home }, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdout.resume()
  child.stderr.resume()
  let isClosed = false
  child.once('close', () => (isClosed = true))
  const [code] = (await once(child, 'exit')) as [number | null]
  assert.equal(code, 0)
  // close comes when every process that inherited the pipes has let go of them.
  await until('the pipes are closed', () => isClosed, 5000)
})
