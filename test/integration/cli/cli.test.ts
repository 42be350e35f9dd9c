import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { kanteLauncher, run } from '../../testkit/command.ts'
import { machineJson, openFakeApi, sendJson, writeFlyToml } from './fake-api.ts'

const first = '3d8d4e5f6a7b8c'
const second = '4d8d4e5f6a7b8c'

test('the version is printed in under 80 ms, also through a chain of symlinks', async () => {
  await using api = await openFakeApi()
  const link = join(api.home, 'kante-link')
  await symlink(kanteLauncher, join(api.home, 'between'))
  await symlink('between', link)
  const times: number[] = []
  for (let i = 0; i < 9; i++) {
    const start = performance.now()
    const child = spawn(link, ['--version'], { env: api.env, stdio: ['ignore', 'pipe', 'inherit'] })
    const [text] = (await once(child.stdout, 'data')) as [Buffer]
    times.push(performance.now() - start)
    assert.match(text.toString(), /^kante \d+\.\d+\.\d+\n$/)
    await once(child, 'close')
  }
  const median = times.toSorted((a, b) => a - b)[4] ?? Infinity
  assert.ok(median < 80, `median of ${times.length}: ${median.toFixed(0)} ms`)
})

test('a project’s NODE_OPTIONS do not reach the client', async () => {
  await using api = await openFakeApi()
  const result = await api.kante(['--version'], { env: { NODE_OPTIONS: '--require=/nonexistent.cjs' } })
  assert.equal(result.code, 0, result.stderr)
})

test('--json prints the API’s objects unchanged, unknown keys included', async () => {
  await using api = await openFakeApi()
  const machines = [machineJson(first), machineJson(second, { region: 'cdg' })]
  api.on('GET /v1/apps/web/machines', machines)
  const result = await api.kante(['machine', 'list', '-ja', 'web'])
  assert.deepEqual(JSON.parse(result.stdout), machines)
  assert.equal(result.stderr, '')
  assert.equal(api.seen[0]?.authorization, 'Bearer token-of-a-test')
  const quiet = await api.kante(['m', 'ls', '-q', '--app=web'])
  assert.equal(quiet.stdout, `${first}\n${second}\n`)
})

test('the app comes from --app, then the environment, then fly.toml', async () => {
  await using api = await openFakeApi()
  for (const app of ['flag', 'env', 'file']) api.on(`GET /v1/apps/${app}/machines`, [])
  await writeFlyToml(api.home, 'file')
  const asked = async (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    (await api.kante(['machine', 'list', ...args], { cwd: api.home, env })).stdout
  assert.match(await asked([]), /App file/)
  assert.match(await asked([], { FLY_APP: 'env' }), /App env/)
  assert.match(await asked(['-a', 'flag'], { FLY_APP: 'env' }), /App flag/)
  const nowhere = await api.kante(['machine', 'list'], { cwd: '/' })
  assert.equal(nowhere.code, 2)
  assert.match(nowhere.stderr, /which app\?/)
})

test('a refusal exits with 1 and shows sentence, hint and request id; as JSON with --json', async () => {
  await using api = await openFakeApi()
  const body = { error: 'app not found: web', status: 'app_not_found', kind: 'not_found', hint: 'create it' }
  api.on('GET /v1/apps/web/machines', (_request, response) => sendJson(response, 404, body))
  const plain = await api.kante(['machine', 'list', '-a', 'web'])
  assert.deepEqual([plain.code, plain.stdout], [1, ''])
  assert.equal(plain.stderr, 'Error: app not found: web\nHint:  create it\nRequest request-7\n')
  const json = await api.kante(['machine', 'list', '-a', 'web', '--json'])
  assert.equal(json.code, 1)
  assert.deepEqual(JSON.parse(json.stderr), { error: body.error, status: body.status, hint: body.hint, request_id: 'request-7' })
})

test('what was typed wrong exits with 2 and asks the platform nothing', async () => {
  await using api = await openFakeApi()
  for (const args of [
    ['stauts'],
    ['machine', 'list', '--nope'],
    ['machine', 'stop'],
    ['scale', 'count', 'many'],
    ['machine', 'run', 'x', '-a', 'web', '-p', 'what'],
  ])
    assert.equal((await api.kante(args)).code, 2, args.join(' '))
  assert.deepEqual(api.seen, [])
})

test('machine stop returns when the machine is stopped, and succeeds when it was or was on the way', async () => {
  await using api = await openFakeApi()
  let isStopAsked = false
  api.on(`GET /v1/apps/web/machines/${first}`, machineJson(first))
  api.on(`POST /v1/apps/web/machines/${first}/stop`, (_request, response) => {
    isStopAsked = true
    sendJson(response, 200, { ok: true })
  })
  let waits = 0
  api.on(`GET /v1/apps/web/machines/${first}/wait`, (_request, response) => {
    assert.ok(isStopAsked)
    waits++
    if (waits === 1) sendJson(response, 408, { error: 'machine failed to reach desired state', status: 'wait_timeout', kind: 'timeout' })
    else sendJson(response, 200, { ok: true, state: 'stopped' })
  })
  const result = await api.kante(['machine', 'stop', first, '-a', 'web', '-s', 'SIGTERM', '--timeout', '7'])
  assert.equal(result.code, 0, result.stderr)
  assert.equal(result.stdout, `${first} has been stopped\n`)
  assert.equal(waits, 2)
  assert.deepEqual(JSON.parse(api.seen.find((each) => each.url.endsWith('/stop'))?.body ?? ''), { signal: 'SIGTERM', timeout: '7s' })

  for (const state of ['stopped', 'stopping']) {
    api.seen.length = 0
    api.on(`GET /v1/apps/web/machines/${first}`, machineJson(first, { state }))
    assert.equal((await api.kante(['machine', 'stop', first, '-a', 'web'])).code, 0)
    assert.equal(
      api.seen.some((each) => each.url.endsWith('/stop')),
      false,
      state,
    )
  }
})

test('machine exec passes output and exit code on', async () => {
  await using api = await openFakeApi()
  api.on(`POST /v1/apps/web/machines/${first}/exec`, { exit_code: 3, exit_signal: 0, stdout: 'out\n', stderr: 'err\n' })
  const result = await api.kante(['machine', 'exec', '-a', 'web', first, '--', 'ls', '-la'])
  assert.deepEqual([result.code, result.stdout, result.stderr], [3, 'out\n', 'err\n'])
  assert.deepEqual(JSON.parse(api.seen[0]?.body ?? ''), { command: ['ls', '-la'], timeout: 60 })
})

test('without a terminal destroying an app wants --yes, and nothing waits for an answer', async () => {
  await using api = await openFakeApi()
  api.on('GET /v1/apps/web', { name: 'web' })
  api.on('DELETE /v1/apps/web', (_request, response) => response.writeHead(202).end())
  const asked = await api.kante(['apps', 'destroy', 'web'])
  assert.equal(asked.code, 1)
  assert.match(asked.stderr, /nothing was destroyed\nHint: {2}add --yes/)
  assert.equal(
    api.seen.some((each) => each.method === 'DELETE'),
    false,
  )
  const done = await api.kante(['apps', 'destroy', 'web', '-y'])
  assert.deepEqual([done.code, done.stdout], [0, 'Destroyed app web\n'])
})

test('a reader that leaves early is no error', async () => {
  await using api = await openFakeApi()
  api.on('GET /v1/kante/apps/web/logs', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for (let i = 0; i < 5000; i++)
      response.write(
        `${JSON.stringify({ id: `${i}`, timestamp: 't', app: 'web', machine: first, region: 'fra', provider: 'app', level: 'info', message: `line ${i} ${'x'.repeat(100)}` })}\n`,
      )
    // Left open, as a tail is.
  })
  const child = spawn(kanteLauncher, ['logs', '-a', 'web'], { env: api.env, stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (part: Buffer) => (complaint += part.toString()))
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const [code] = (await once(child, 'close')) as [number | null]
  assert.deepEqual([code, complaint], [0, ''])
})

test('logs go on where they were after the stream broke, and Ctrl-C ends them well', async () => {
  await using api = await openFakeApi()
  const line = (id: string) =>
    `${JSON.stringify({ id, timestamp: 't', app: 'web', machine: first, region: 'fra', provider: 'app', level: 'info', message: id })}\n`
  let connections = 0
  api.on('GET /v1/kante/apps/web/logs', (request, response) => {
    connections++
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    if (connections === 1) response.end(line('one'))
    else response.write(line(`after=${new URL(request.url ?? '', 'http://x').searchParams.get('after')}`))
  })
  const child = spawn(kanteLauncher, ['logs', '-a', 'web'], { env: api.env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for await (const part of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    output += part
    if (output.includes('after=')) child.kill('SIGINT')
  }
  const code = child.exitCode ?? ((await once(child, 'close')) as [number])[0]
  assert.equal(code, 0)
  assert.match(output, /\[info\]one\n.*\[info\]after=one\n/)
})

test('no platform at all: the message says how to start one', async () => {
  await using api = await openFakeApi()
  const env = { ...api.env, KANTE_API: '', KANTE_API_TOKEN: '' }
  const bare = await run(kanteLauncher, ['apps', 'list'], { env })
  assert.equal(bare.code, 1)
  assert.match(bare.stderr, /no platform runs from .*\nHint: {2}start it with `kante up`/)
  await using blocked = createServer()
  await new Promise<void>((resolve) => blocked.listen(0, '127.0.0.1', resolve))
  const { port } = blocked.address() as { port: number }
  await new Promise((resolve) => blocked.close(resolve))
  const dead = await run(kanteLauncher, ['apps', 'list'], { env: { ...env, KANTE_API: `localhost:${port}`, KANTE_API_TOKEN: 'x' } })
  assert.match(dead.stderr, /does not answer: connect ECONNREFUSED/)
})

test('the token of this computer is never shown to another one', async () => {
  await using api = await openFakeApi()
  await writeFile(join(api.home, 'token'), 'token-of-this-computer')
  api.on('GET /v1/apps', { total_apps: 0, apps: [] })
  const env = { ...api.env, KANTE_API_TOKEN: '' }
  assert.equal((await run(kanteLauncher, ['apps', 'list'], { env })).code, 0)
  assert.equal(api.seen.at(-1)?.authorization, 'Bearer token-of-this-computer')
  const far = await run(kanteLauncher, ['auth', 'token'], { env: { ...env, KANTE_API: 'http://kante.example.net' } })
  assert.equal(far.code, 1)
  assert.doesNotMatch(far.stdout + far.stderr, /token-of-this-computer/)
})

test('contexts choose the platform, are stored 0600, and hold their token', async () => {
  await using api = await openFakeApi()
  api.on('GET /v1/apps', { total_apps: 0, apps: [] })
  const env = { ...api.env, KANTE_API: '', KANTE_API_TOKEN: '' }
  const kante = (args: readonly string[]) => run(kanteLauncher, args, { env })
  assert.equal((await kante(['context', 'add', 'far', '--api', api.address, '-t', 'token-of-far', '--use'])).code, 0)
  assert.match((await kante(['context', 'list'])).stdout, /\* +far +http/)
  assert.equal((await kante(['apps', 'list', '--json'])).stdout, '[]\n')
  assert.equal(api.seen.at(-1)?.authorization, 'Bearer token-of-far')
  assert.equal((await kante(['auth', 'token'])).stdout, 'token-of-far\n')
  const { stat } = await import('node:fs/promises')
  assert.equal((await stat(join(api.home, 'contexts.json'))).mode & 0o777, 0o600)
  assert.equal((await kante(['context', 'use', 'nowhere'])).code, 2)
  assert.equal((await kante(['context', 'remove', 'far'])).code, 0)
  assert.match((await kante(['context', 'list'])).stdout, /\* +local/)
})

test('a platform elsewhere is reached over ssh: its token is read once, requests go through ssh -W', async () => {
  await using api = await openFakeApi()
  api.on('GET /v1/apps', { total_apps: 0, apps: [] })
  // Stands for ssh: logs its argv, prints a token, or connects stdin and stdout to the port that -W names.
  await writeFile(
    join(api.home, 'ssh'),
    `#!${process.execPath}
const { appendFileSync } = require('node:fs'); const { connect } = require('node:net')
appendFileSync(${JSON.stringify(join(api.home, 'ssh.log'))}, JSON.stringify(process.argv.slice(2)) + '\\n')
const at = process.argv.indexOf('-W')
if (at < 0) console.log('token-from-afar')
else { const socket = connect(${JSON.stringify(Number(new URL(api.address).port))}, '127.0.0.1'); process.stdin.pipe(socket); socket.pipe(process.stdout) }
`,
    { mode: 0o755 },
  )
  const env = { ...api.env, KANTE_API: '', KANTE_API_TOKEN: '', PATH: `${api.home}:${process.env['PATH'] ?? ''}` }
  const kante = (args: readonly string[]) => run(kanteLauncher, args, { env })
  const added = await kante(['context', 'add', 'berlin', '--ssh', 'deploy@edge1.example.net'])
  assert.equal(added.code, 0, added.stderr)
  const listed = await kante(['--context', 'berlin', 'apps', 'list', '--json'])
  assert.deepEqual([listed.code, listed.stdout], [0, '[]\n'], listed.stderr)
  assert.equal(api.seen.at(-1)?.authorization, 'Bearer token-from-afar')
  const { readFile } = await import('node:fs/promises')
  const calls = (await readFile(join(api.home, 'ssh.log'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[])
  assert.deepEqual(calls[0]?.slice(-5), ['--', 'deploy@edge1.example.net', 'kante', 'auth', 'token'])
  assert.deepEqual(calls[1]?.slice(-4), ['-W', '127.0.0.1:4280', '--', 'deploy@edge1.example.net'])
  assert.equal((await kante(['context', 'add', 'x', '--ssh=-oProxyCommand=true'])).code, 2)
})
