import { strict as assert } from 'node:assert'
import { readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { plainApp } from '../testkit/app.ts'
import { ask } from '../testkit/http.ts'
import { openTestPlatform } from '../testkit/platform.ts'

/** Distinct and long: found anywhere, it came from here. */
const planted = { FIRST: 'planted-first-7f3a9c51d2', LATER: 'planted-later-b84e06aa17', BAD: 'planted-bad-55c1e9d040' }

test('secrets reach the program and nothing else: no log, file, process list, answer or backup', async () => {
  await using platform = await openTestPlatform({ regions: ['fra', 'cdg'] })
  await using app = await plainApp('vault')
  const backup = join(tmpdir(), `kante-secrets-${process.pid}`)
  const envOf = async (region = 'fra') => {
    const { status, body } = await ask({ port: platform.edgePort(region), host: 'vault.localhost', path: '/env' })
    assert.equal(status, 200, body)
    return JSON.parse(body) as Record<string, string>
  }
  const statuses = async () =>
    Object.fromEntries(
      (await platform.json<{ name: string; status: string }[]>(['secrets', 'list', '-a', 'vault'])).map(({ name, status }) => [name, status]),
    )
  try {
    await platform.kante(['apps', 'create', 'vault'])
    // From stdin, as nothing else keeps a value out of the list of processes.
    const staged = await platform.kante(['secrets', 'import', '-a', 'vault'], {
      input: `# before the first deploy\nFIRST="${planted.FIRST}"\nPORT_NOTE=8080\n`,
    })
    assert.match(staged.stdout, /staged for the first deployment/)
    await platform.kante(['deploy', '--ha=false', '--env', 'FIRST=plain'], { cwd: app.dir })
    assert.equal((await envOf())['FIRST'], planted.FIRST, 'a secret wins over [env]')
    assert.deepEqual(await statuses(), { FIRST: 'Deployed', PORT_NOTE: 'Deployed' })
    const [machine] = await platform.json<{ id: string; instance_id: string }[]>(['machine', 'list', '-a', 'vault'])

    await platform.kante(['secrets', 'set', 'LATER=-', '--stage', '-a', 'vault'], { input: `${planted.LATER}\n` })
    assert.deepEqual((await statuses())['LATER'], 'Staged')
    assert.equal((await envOf())['LATER'], undefined)
    await platform.kante(['secrets', 'deploy', '-a', 'vault'])
    assert.equal((await envOf())['LATER'], planted.LATER)
    const [after] = await platform.json<{ id: string; instance_id: string }[]>(['machine', 'list', '-a', 'vault'])
    assert.equal(after?.id, machine?.id)
    assert.notEqual(after?.instance_id, machine?.instance_id)

    await platform.kante(['secrets', 'set', 'BAD=-', '--stage', '-a', 'vault'], { input: planted.BAD })
    await platform.kante(['secrets', 'unset', 'BAD', '-a', 'vault'])

    const exec = await platform.kante(['machine', 'exec', '-a', 'vault', machine!.id, 'sh -c "test -n $LATER"'], { mayFail: true })
    assert.equal(exec.code, 0, exec.stderr)

    // A stopped machine wakes with its secrets after the daemon was killed and started anew, and after the master key was replaced.
    await platform.kante(['keys', 'rotate'])
    await platform.kante(['machine', 'stop', '-a', 'vault', machine!.id])
    process.kill(await platform.daemonPid(), 'SIGKILL')
    await platform.up()
    assert.equal((await envOf('cdg'))['LATER'], planted.LATER)

    const token = (await platform.kante(['tokens', 'create', 'deploy', '-a', 'vault', '--expiry', '1h'])).stdout.trim()
    const wrong = `${token.slice(0, -4)}zzzz`
    assert.notEqual((await platform.kante(['auth', 'whoami', '-t', wrong], { mayFail: true })).code, 0)
    assert.match((await platform.kante(['auth', 'whoami', '-t', token])).stdout, /deploy.*app vault/)
    await platform.kante(['deploy', '--ha=false', '-t', token], { cwd: app.dir })
    assert.notEqual((await platform.kante(['backup', `${backup}.no`, '-t', token], { mayFail: true })).code, 0)
    const audited = (await platform.kante(['audit', 'list', '--limit', '1000', '--json'])).stdout
    assert.match(audited, /POST \/v1\/apps\/:app\/secrets/)
    await platform.kante(['audit', 'verify'])
    await platform.kante(['backup', backup])

    const shown = [audited]
    for (const args of [
      ['secrets', 'list', '-a', 'vault', '--json'],
      ['machine', 'status', machine!.id, '-a', 'vault'],
      ['status', '-a', 'vault', '--json'],
      ['releases', '-a', 'vault', '--json'],
      ['tokens', 'list', '--json'],
      ['logs', '-a', 'vault', '--no-tail'],
      ['doctor'],
    ])
      shown.push(...Object.values(await platform.kante(args, { mayFail: true })).map(String))
    for (const path of [
      'secrets?show_secrets=true',
      'secrets/LATER',
      'machines',
      `machines/${machine!.id}`,
      `machines/${machine!.id}/versions`,
      `machines/${machine!.id}/events`,
    ])
      shown.push(JSON.stringify((await platform.api('GET', `/v1/apps/vault/${path}`)).body))

    const masterKey = (await readFile(join(platform.home, 'master.key'), 'utf8')).trim()
    const hidden = [...Object.values(planted), token.slice(-43)]
    for (const secret of [...hidden, masterKey]) {
      assert.ok(!shown.some((text) => text.includes(secret)), 'an answer shows a secret')
      assert.ok(!(await readFile(backup)).includes(secret), 'the backup holds a secret')
      assert.deepEqual(await processesWith('cmdline', secret), [], 'a process list shows a secret')
    }
    assert.deepEqual(await filesHolding(platform.home, hidden), [])
    assert.deepEqual(await filesHolding(platform.home, [masterKey]), ['master.key'])
    assert.deepEqual(await filesHolding(platform.home, [await platform.token()]), ['token'])
    // The program alone has it, not its keeper, its edge or the daemon.
    const { pid } = JSON.parse((await ask({ port: platform.edgePort('fra'), host: 'vault.localhost' })).body) as { pid: number }
    if (process.platform === 'linux') assert.deepEqual(await processesWith('environ', planted.LATER), [String(pid)])
  } finally {
    for (const file of [backup, `${backup}.no`]) await rm(file, { force: true })
  }
})

/** Every file of the home, the databases with their logs, what keepers and hosts keep. */
async function filesHolding(home: string, secrets: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path)
    if (secrets.some((secret) => bytes.includes(secret))) found.push(path.slice(home.length + 1))
  }
  return found
}

/** Processes whose command line or environment holds it, as far as this user may see. */
async function processesWith(what: 'cmdline' | 'environ', secret: string): Promise<readonly string[]> {
  if (process.platform !== 'linux') return []
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    try {
      if ((await readFile(`/proc/${pid}/${what}`, 'latin1')).includes(secret)) found.push(pid)
    } catch (error) {
      // It has ended, or is another user's.
      if (!(error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES'].includes(String(error.code)))) throw error
    }
  }
  return found
}
