import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseFlyToml } from '../../fly-toml/parse-fly-toml.ts'
import { deployFlags, type DeployFlags } from './deploy-flags.ts'
import { deployRequestOf } from './deploy-request.ts'

const toml = `
app = "web"
primary_region = "fra"
[env]
  A = "1"
[deploy]
  strategy = "canary"
  max_unavailable = 2
  wait_timeout = "90s"
  release_command = "npm run 'migrate all'"
  release_command_timeout = "10m"
[http_service]
  internal_port = 8080
  [[http_service.machine_checks]]
    command = ["curl", "x"]
`
async function requestOf(typed: Readonly<Record<string, readonly string[]>>) {
  const { config, definition } = parseFlyToml('fly.toml', toml)
  const flags = Object.fromEntries(
    Object.entries(deployFlags).map(([name, flag]) => [name, flag.parse(typed[name] ?? [], name)]),
  ) as unknown as DeployFlags
  return deployRequestOf(
    { path: '/p/fly.toml', shownPath: 'fly.toml', config, definition },
    'i',
    flags,
    (name) => typed[name] !== undefined,
    undefined,
  )
}

test('what fly.toml says about deploys is sent', async () => {
  const request = await requestOf({})
  assert.deepEqual([request.strategy, request.maxUnavailable, request.waitTimeoutMs], ['canary', 2, 90_000])
  assert.equal(request.releaseCommand?.timeoutMs, 600_000)
  assert.ok(request.releaseCommand)
  const { init, env } = request.releaseCommand.config as { init: { cmd: string[] }; env: Record<string, string> }
  assert.deepEqual(init.cmd, ['npm', 'run', 'migrate all'])
  assert.deepEqual([env['RELEASE_COMMAND'], env['PRIMARY_REGION'], env['A']], ['1', 'fra', '1'])
  assert.equal(request.machineChecks?.['app']?.length, 1)
})

test('flags go before it', async () => {
  const typed = {
    strategy: ['bluegreen'],
    'max-unavailable': ['0.5'],
    'wait-timeout': ['2m'],
    'release-command-timeout': ['none'],
    env: ['A=2'],
    ha: ['false'],
  }
  const request = await requestOf(typed)
  assert.deepEqual([request.strategy, request.maxUnavailable, request.waitTimeoutMs, request.ha], ['bluegreen', 0.5, 120_000, false])
  assert.equal(request.releaseCommand?.timeoutMs, 0)
  assert.equal((request.groups['app'] as { env: Record<string, string> }).env['A'], '2')
  assert.ok(request.releaseCommand)
  assert.equal((request.releaseCommand.config as { env: Record<string, string> }).env['A'], '2')
  await assert.rejects(requestOf({ 'max-unavailable': ['-1'] }), /--max-unavailable/)
})
