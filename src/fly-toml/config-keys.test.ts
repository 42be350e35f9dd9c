import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../model/fault/fault.ts'
import { configKeys } from './config-keys.ts'
import { readFlyToml } from './parse-fly-toml.ts'
import { machineCheckConfig, releaseCommandConfig } from './release-configs.ts'
import { toMachineConfigs } from './to-machine-configs.ts'

const keys = configKeys()

test('keys are found where the readers ask for them, with what they take', () => {
  const valueOf = (path: string) => keys.find((key) => key.path === path)
  assert.deepEqual(valueOf('services[].ports[].port'), { path: 'services[].ports[].port', value: 'whole number from 1 to 65535', status: 'effect' })
  assert.equal(valueOf('deploy.strategy')?.value, 'rolling, immediate, canary or bluegreen')
  assert.equal(valueOf('checks.<name>.interval')?.value, 'duration such as "1m30s", or milliseconds')
  assert.equal(valueOf('deploy.wait_timeout')?.value, 'duration such as "1m30s", or seconds')
  assert.equal(valueOf('machine_config')?.status, 'none')
  assert.equal(valueOf('experimental.enable_consul')?.status, 'accepted')
})

test('no key that is read counts as unknown', () => {
  for (const { path } of keys) {
    const { warnings } = readFlyToml('fly.json', JSON.stringify(placed(path, 'x')))
    assert.deepEqual(
      warnings.filter((warning) => warning.isUnknownKey),
      [],
      path,
    )
  }
})

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    '10s',
    '1h',
    -1,
    0,
    8080,
    true,
    'stop',
    'tcp',
    'http',
    ['app'],
    ['web'],
    'app',
    '1gb',
    '20,25',
    '50%',
    'canary',
    "node 'x",
    'SIGTERM',
    '',
  ),
)
const entry = fc.tuple(fc.constantFrom(...keys.map((key) => key.path)), anything)

test('whatever stands at a known key, nothing is thrown but the fault, and what would be sent is plain JSON', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
      const definition = entries.reduce<unknown>((whole, [path, value]) => merged(whole, placed(path, value)), {})
      try {
        const { config } = readFlyToml('fly.json', JSON.stringify(definition))
        const checks = [...config.machineChecks, ...config.services.flatMap((service) => service.machineChecks)]
        const sent = [toMachineConfigs(config), releaseCommandConfig(config) ?? {}, checks.map((check) => machineCheckConfig(config, check))]
        assert.deepEqual(JSON.parse(JSON.stringify(sent)), sent)
      } catch (error) {
        if (!isFault(error, 'config_invalid')) throw error
      }
    }),
    { numRuns: 500 },
  )
})

/** A definition with one value at a path as `configKeys` writes it. */
function placed(path: string, value: unknown): unknown {
  return path.split('.').reduceRight<unknown>((inner, step) => {
    const name = step === '<name>' ? 'alive' : step.replace('[]', '')
    return { [name]: step.endsWith('[]') ? [inner] : inner }
  }, value)
}
function merged(a: unknown, b: unknown): unknown {
  if (Array.isArray(a) && Array.isArray(b)) return [merged(a[0], b[0])]
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null || Array.isArray(a) || Array.isArray(b)) return b
  const whole: Record<string, unknown> = { ...a }
  for (const [key, value] of Object.entries(b)) whole[key] = key in whole ? merged(whole[key], value) : value
  return whole
}
