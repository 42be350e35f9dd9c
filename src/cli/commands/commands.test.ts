import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { appOfFlyToml } from '../app-name.ts'
import type { Flags } from '../framework/flag.ts'
import { parseFlags } from '../framework/parse-flags.ts'
import { UsageError } from '../framework/usage-error.ts'
import { generateName } from './apps/generate-name.ts'
import { configOfFlags, parsePort, type MachineFlagValues } from './machine/config-of-flags.ts'
import { machineFlags } from './machine/machine-flags.ts'
import { parseCounts } from './scale/parse-counts.ts'

const configOf = (argv: readonly string[], image = 'img', base = {}) => {
  const { typed, words } = parseFlags(machineFlags, argv)
  const values = Object.fromEntries(Object.entries(machineFlags as Flags).map(([name, flag]) => [name, flag.parse(typed.get(name) ?? [], name)]))
  return configOfFlags(image, words, values as MachineFlagValues, base)
}

test('a bare machine restarts always; a job with --rm never; a scheduled one on failure', () => {
  assert.deepEqual(configOf([]), { image: 'img', restart: { policy: 'always' } })
  assert.deepEqual(configOf(['--rm']), { image: 'img', restart: { policy: 'no' }, auto_destroy: true })
  assert.deepEqual(configOf(['--schedule', 'hourly']), { image: 'img', restart: { policy: 'on-failure' }, schedule: 'hourly' })
})

test('ports of one machine port become one service', () => {
  assert.deepEqual(configOf(['-p', '80:8080/tcp:http', '-p', '443:8080/tcp:tls:http', '--port=53/udp', '--autostop=suspend']).services, [
    {
      protocol: 'tcp',
      internal_port: 8080,
      ports: [
        { port: 80, handlers: ['http'] },
        { port: 443, handlers: ['tls', 'http'] },
      ],
      autostart: true,
      autostop: 'suspend',
    },
    { protocol: 'udp', internal_port: 53, ports: [{ port: 53 }], autostart: true, autostop: 'suspend' },
  ])
})

test('size, memory, environment and command reach the config, a given config is kept beneath', () => {
  const config = configOf(['--vm-size', 'shared-cpu-2x', '--vm-memory', '1gb', '-e', 'A=1', 'node', 'job.js'], 'img', {
    env: { B: '2' },
    files: [{ guest_path: '/x' }],
  })
  assert.deepEqual(config.guest, { cpu_kind: 'shared', cpus: 2, memory_mb: 1024 })
  assert.deepEqual(config.env, { A: '1', B: '2' })
  assert.deepEqual(config.init, { cmd: ['node', 'job.js'] })
  assert.deepEqual(config['files'], [{ guest_path: '/x' }])
})

test('a size, a memory or a port that cannot be is named', () => {
  assert.throws(() => configOf(['--vm-size', 'huge']), /--vm-size: found "huge"/)
  assert.throws(() => configOf(['--vm-memory', 'lots']), /--vm-memory: found "lots"/)
  for (const text of ['', 'x', '70000', '80/http', '80:0']) assert.throws(() => parsePort(text), UsageError, text)
})

test('counts are a number, or a number per group', () => {
  assert.deepEqual(parseCounts(['4'], undefined), [{ group: 'app', count: 4 }])
  assert.deepEqual(parseCounts(['4'], 'web'), [{ group: 'web', count: 4 }])
  assert.deepEqual(parseCounts(['web=3', 'worker=0'], undefined), [
    { group: 'web', count: 3 },
    { group: 'worker', count: 0 },
  ])
  assert.deepEqual(parseCounts(['+2'], undefined), [{ group: 'app', change: 2 }])
  assert.deepEqual(parseCounts(['web=-1', 'worker=2'], undefined), [
    { group: 'web', change: -1 },
    { group: 'worker', count: 2 },
  ])
  for (const words of [['x'], ['3', '4'], ['web=1', '2'], ['web=1', 'web=2'], ['--1'], ['1.5']])
    assert.throws(() => parseCounts(words, undefined), UsageError, words.join(' '))
  assert.throws(() => parseCounts(['web=1'], 'web'), UsageError)
})

test('the app’s name is found in a fly.toml without parsing the rest', () => {
  assert.equal(appOfFlyToml('# my app\r\napp = "my-edge-app" # here\r\nprimary_region = "fra"\n'), 'my-edge-app')
  assert.equal(appOfFlyToml("app='x'\n[[services]"), 'x')
  assert.equal(appOfFlyToml('[env]\napp = "not-this"\n'), undefined)
  assert.equal(appOfFlyToml('application = "no"'), undefined)
})

test('generated names are names', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.999999, noNaN: true }), (at) =>
      assert.match(
        generateName(() => at),
        /^[a-z]+-[a-z]+-\d{4}$/,
      ),
    ),
  )
})
