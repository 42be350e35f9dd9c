import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { parseDockerfile } from '../../../src/build/dockerfile/parse-dockerfile.ts'
import { parseFlyToml } from '../../../src/fly-toml/parse-fly-toml.ts'
import { kanteLauncher } from '../../testkit/command.ts'
import { openFakePlatform, type FakePlatform } from './fake-platform.ts'

let platform: FakePlatform
before(async () => {
  platform = await openFakePlatform()
})
after(() => platform[Symbol.asyncDispose]())
beforeEach(() => {
  Object.assign(platform.script, { ends: 'complete', breaksAfter: undefined, isEndless: false, installOutput: undefined })
})
const express = JSON.stringify({ dependencies: { express: '5.3.0' } })
const server = 'app.get("/health", ok)\napp.listen(3000)'
const succeed = async (dir: string, ...args: readonly string[]) => {
  const result = await platform.kante(dir, ...args)
  assert.equal(result.code, 0, result.stderr)
  return result
}

/** Name and files of a project, the port its fly.toml must have, and what its bundle must be started with. */
const kinds: readonly (readonly [string, Readonly<Record<string, string>>, number, object])[] = [
  ['node', { 'package.json': express, 'index.js': server }, 3000, { kind: 'command', argv: ['node', 'index.js'] }],
  ['bun', { 'package.json': '{}', 'bun.lock': '', 'index.ts': '' }, 3000, { kind: 'command', argv: ['bun', 'index.ts'] }],
  [
    'deno',
    { 'deno.json': '{}', 'main.ts': 'Deno.serve(f)' },
    8000,
    { kind: 'command', argv: ['deno', 'run', '--allow-net', '--allow-env', '--allow-read', 'main.ts'] },
  ],
  [
    'python',
    { 'requirements.txt': 'flask\n', 'app.py': 'app = Flask("x")' },
    8080,
    { kind: 'command', argv: ['python3', '-m', 'flask', '--app', 'app:app', 'run', '--host', '0.0.0.0', '--port', '8080'] },
  ],
  ['go', { 'go.mod': 'module x\ngo 1.25\n', 'main.go': '' }, 8080, { kind: 'command', argv: ['go', 'run', '.'] }],
  ['static', { 'index.html': '<h1>' }, 8080, { kind: 'static', root: '.' }],
]
for (const [name, files, port, start] of kinds) {
  test(`a ${name} project gets its files, is shipped and deployed`, async () => {
    const dir = await platform.project(`of-${name}`, files)
    const { stdout } = await succeed(dir, 'launch', '--ha=false')
    assert.match(stdout, new RegExp(`Release v1 of of-${name} is live:\\n {2}fra {2}http://of-${name}\\.localhost:8080/`))
    const { config, warnings } = parseFlyToml('fly.toml', await readFile(join(dir, 'fly.toml'), 'utf8'))
    assert.deepEqual([config.app, config.primaryRegion, config.services[0]?.internalPort, warnings], [`of-${name}`, 'fra', port, []])
    assert.deepEqual(parseDockerfile('Dockerfile', await readFile(join(dir, 'Dockerfile'), 'utf8')).final.ports, [port])
    const bundle = platform.bundles.at(-1)
    assert.deepEqual(bundle?.start, start)
    assert.deepEqual([...(platform.layers.get(bundle?.source ?? '') ?? [])].toSorted(), Object.keys(files).toSorted())
    const deploy = platform.deploys.at(-1)
    assert.equal(deploy?.ha, false)
    assert.deepEqual(Object.keys(deploy?.groups ?? {}), ['app'])
  })
}

test('what is there stays as it is, byte for byte', async () => {
  const toml =
    '# mine\napp = "kept"\nprimary_region = "cdg"\n[[services]]\ninternal_port = 8080\n[[services.ports]]\nport = 80\nhandlers = ["http"]\n'
  const own = {
    'fly.toml': toml,
    Dockerfile: 'FROM node:20\nWORKDIR /app\nCMD ["node", "index.js"]\n',
    '.dockerignore': 'fly.toml\nDockerfile\n',
    'package.json': '{}',
    'index.js': server,
  }
  const dir = await platform.project('other-folder', own)
  await succeed(dir, 'launch', '--no-deploy', '--copy-config', '--yes')
  for (const [path, text] of Object.entries(own)) assert.equal(await readFile(join(dir, path), 'utf8'), text)
  assert.deepEqual((await readdir(dir)).toSorted(), Object.keys(own).toSorted())
  assert.ok(platform.apps.has('kept'))
  const before = platform.deploys.length
  await succeed(dir, 'deploy', '-e', 'LEVEL=debug', '--wait-timeout', '90s')
  const deploy = platform.deploys.at(-1)
  assert.equal(platform.deploys.length, before + 1)
  assert.deepEqual([deploy?.primaryRegion, deploy?.waitTimeoutMs, deploy?.ha], ['cdg', 90_000, true])
  assert.deepEqual(deploy?.groups['app']?.['env'], { FLY_PROCESS_GROUP: 'app', PRIMARY_REGION: 'cdg', LEVEL: 'debug' })
  assert.equal((deploy?.definition as { app: string } | undefined)?.app, 'kept')
})

test('another name goes into a fly.toml that is there, and only the name changes', async () => {
  const dir = await platform.project('renamed', { 'fly.toml': '# mine\napp = "first" # name\n[http_service]\n', 'index.html': '' })
  await succeed(dir, 'launch', '--no-deploy', '--name', 'second')
  assert.equal(await readFile(join(dir, 'fly.toml'), 'utf8'), '# mine\napp = "second" # name\n[http_service]\n')
})

test('a name that was typed and is taken is an error and writes nothing; one from the folder gets an addition', async () => {
  platform.apps.add('taken')
  const dir = await platform.project('taken', { 'index.html': '' })
  const refused = await platform.kante(dir, 'launch', '--no-deploy', '--name', 'taken')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /Name has already been taken: taken/)
  assert.deepEqual(await readdir(dir), ['index.html'])
  await succeed(dir, 'launch', '--no-deploy')
  assert.match(parseFlyToml('fly.toml', await readFile(join(dir, 'fly.toml'), 'utf8')).config.app ?? '', /^taken-[a-z]+-[a-z]+-\d{4}$/)
})

test('options of launch reach fly.toml', async () => {
  const dir = await platform.project('options', { 'index.js': '', 'package.json': '{}' })
  await succeed(dir, 'launch', '--no-deploy', '--region', 'cdg', '--internal-port', '9000', '--env', 'A=b c', '--env', 'Q="', '--generate-name')
  const { config } = parseFlyToml('fly.toml', await readFile(join(dir, 'fly.toml'), 'utf8'))
  assert.deepEqual([config.primaryRegion, config.services[0]?.internalPort, config.env], ['cdg', 9000, { A: 'b c', Q: '"' }])
  const elsewhere = await platform.kante(dir, 'launch', '--region', 'mars')
  assert.match(elsewhere.stderr, /region: found "mars", allowed is a region of this platform: fra, cdg/)
})

test('a project that nothing tells about creates no app', async () => {
  const dir = await platform.project('unknown', { 'README.md': '' })
  const count = platform.apps.size
  const result = await platform.kante(dir, 'launch')
  assert.equal(result.code, 2)
  assert.match(result.stderr, /no command to start/)
  assert.equal(platform.apps.size, count)
})

test('an unchanged project is not uploaded again; one with dependencies names what they are installed from', async () => {
  const dir = await platform.project('twice', { 'package.json': express, 'package-lock.json': '{}', 'index.js': server })
  await succeed(dir, 'launch')
  const count = platform.layers.size
  const { stderr } = await succeed(dir, 'deploy')
  assert.match(stderr, /Source: 3 files, 1 KiB, unchanged/)
  assert.equal(platform.layers.size, count)
  const [first, second] = platform.bundles.slice(-2)
  assert.deepEqual(first, second)
  assert.equal(second?.dependencies?.kind, 'npm')
  assert.deepEqual(second?.dependencies?.files, ['package-lock.json', 'package.json'])
  await writeFile(join(dir, 'index.js'), `${server}\n`)
  await succeed(dir, 'deploy')
  assert.equal(platform.bundles.at(-1)?.dependencies?.key, second?.dependencies?.key)
  assert.notEqual(platform.bundles.at(-1)?.source, second?.source)
})

test('the deploy says once that this is no isolation, prints its events and survives a broken stream', async () => {
  const dir = await platform.project('broken', { 'index.html': '' })
  await succeed(dir, 'launch', '--no-deploy')
  platform.script.breaksAfter = 2
  platform.eventRequests.length = 0
  const { stderr } = await succeed(dir, 'deploy')
  assert.equal(stderr.match(/no isolation/g)?.length, 1)
  assert.equal(stderr.match(/m1 \(fra\) is up/g)?.length, 1)
  assert.equal(stderr.match(/all is done/g)?.length, 1)
  assert.deepEqual(platform.eventRequests, [0, 2])
})

test('a failed deploy, a failed installation and a missing app exit with 1 and say why', async () => {
  const dir = await platform.project('failing', { 'index.html': '' })
  await succeed(dir, 'launch', '--no-deploy')
  platform.script.ends = 'failed'
  const failed = await platform.kante(dir, 'deploy')
  assert.equal(failed.code, 1)
  assert.match(failed.stderr, /Error: deploy of failing failed: m1 in fra: exit code 1/)
  platform.script.installOutput = 'npm error 404'
  const install = await platform.kante(dir, 'deploy')
  assert.equal(install.code, 1)
  assert.match(install.stderr, /Error: no bundle was made: npm ci failed\nHint: {2}its last output:\nnpm error 404/)
  const missing = await platform.kante(dir, 'deploy', '-a', 'nowhere')
  assert.equal(missing.code, 1)
  assert.match(missing.stderr, /app not found: nowhere/)
})

test('a start file that is not shipped and mounts are refused before anything is uploaded', async () => {
  const project = async (name: string, files: Readonly<Record<string, string>>) => {
    platform.apps.add(name)
    return platform.kante(await platform.project(name, { 'fly.toml': `app = "${name}"\n`, ...files }), 'deploy')
  }
  const count = platform.layers.size
  const built = await project('unbuilt', { 'package.json': '{"scripts":{"start":"node dist/main.js"}}' })
  assert.equal(built.code, 2)
  assert.match(built.stderr, /"start" script of package\.json starts dist\/main\.js, which is not among the project's files/)
  const mounts = await project('mounted', { 'fly.toml': 'app = "mounted"\n[mounts]\nsource = "d"\ndestination = "/d"\n', 'index.html': '' })
  assert.equal(mounts.code, 1)
  assert.match(mounts.stderr, /fly\.toml:2: mounts: the process runtime has no volumes[\s\S]*--runtime container/)
  assert.equal(platform.layers.size, count)
})

test('[deploy] of fly.toml reaches the platform: strategy, share, times, release command and machine checks', async () => {
  const toml = `app = "migrating"
[env]
  A = "1"
[deploy]
  strategy = "immediate"
  max_unavailable = 2
  wait_timeout = "90s"
  release_command = "node migrate.js --all"
  release_command_timeout = "1h"
  release_command_vm = { memory = "1gb" }
[http_service]
  [[http_service.machine_checks]]
    command = ["node", "check.js"]
`
  platform.apps.add('migrating')
  await succeed(await platform.project('migrating', { 'fly.toml': toml, 'index.html': '' }), 'deploy')
  const sent = platform.deploys.at(-1)
  assert.deepEqual([sent?.strategy, sent?.maxUnavailable, sent?.waitTimeoutMs], ['immediate', 2, 90_000])
  const command = sent?.releaseCommand?.config as { init: object; env: object; guest: object }
  assert.equal(sent?.releaseCommand?.timeoutMs, 3_600_000)
  assert.deepEqual(command.init, { cmd: ['node', 'migrate.js', '--all'] })
  assert.deepEqual(command.env, { A: '1', RELEASE_COMMAND: '1', FLY_PROCESS_GROUP: 'fly_app_release_command' })
  assert.deepEqual(command.guest, { cpu_kind: 'shared', cpus: 1, memory_mb: 1024 })
  assert.deepEqual(
    sent?.machineChecks?.['app']?.map((check) => check['init']),
    [{ cmd: ['node', 'check.js'] }],
  )
})

test('Ctrl-C leaves the deploy running and says so', { timeout: 30_000 }, async () => {
  const dir = await platform.project('left', { 'index.html': '' })
  await succeed(dir, 'launch', '--no-deploy')
  platform.script.isEndless = true
  const child = spawn(kanteLauncher, ['deploy'], { cwd: dir, env: platform.env, stdio: ['ignore', 'ignore', 'pipe'] })
  const closed = once(child, 'close') as Promise<[number | null]>
  let stderr = ''
  let isInterrupted = false
  child.stderr.on('data', (part: Buffer) => {
    stderr += part.toString()
    // Once: a second Ctrl-C ends the client at once.
    if (stderr.includes('all is done') && !isInterrupted) isInterrupted = child.kill('SIGINT')
  })
  const [code] = await closed
  assert.equal(code, 130)
  assert.match(stderr, /The deploy goes on without you; `kante releases attach -a left`/)
})

test('--detach returns at once, --json prints the record, --image ships nothing', async () => {
  const dir = await platform.project('flags', { 'index.html': '' })
  await succeed(dir, 'launch', '--no-deploy')
  platform.eventRequests.length = 0
  await succeed(dir, 'deploy', '--detach')
  assert.deepEqual(platform.eventRequests, [])
  const count = platform.bundles.length
  const { stdout, stderr } = await succeed(dir, 'deploy', '--json', '--image', 'bundle@sha256:9')
  assert.equal((JSON.parse(stdout) as { status: string }).status, 'complete')
  assert.equal(stderr, '')
  assert.equal(platform.deploys.at(-1)?.image, 'bundle@sha256:9')
  assert.equal(platform.bundles.length, count)
})

test('config validate names each mistake and exits with 1; --strict refuses unknown keys', async () => {
  const dir = await platform.project('validated', { 'fly.toml': 'app = "a"\ncolour = "red"\n[http_service]\ninternal_port = "x"\n' })
  const wrong = await platform.kante(dir, 'config', 'validate')
  assert.equal(wrong.code, 1)
  assert.match(wrong.stdout, /^fly\.toml:4: http_service\.internal_port: found "x"/)
  await writeFile(join(dir, 'fly.toml'), 'app = "a"\ncolour = "red"\n')
  assert.equal((await platform.kante(dir, 'config', 'validate')).code, 0)
  assert.equal((await platform.kante(dir, 'config', 'validate', '--strict')).code, 1)
  assert.deepEqual(JSON.parse((await succeed(dir, 'config', 'show', '--local')).stdout), { app: 'a', colour: 'red' })
  // What nothing comes of yet is known, so flyctl's --strict takes it, and ours does.
  await writeFile(join(dir, 'fly.toml'), 'app = "a"\n[metrics]\nport = 9091\n')
  assert.equal((await platform.kante(dir, 'config', 'validate', '--strict')).code, 0)
})
