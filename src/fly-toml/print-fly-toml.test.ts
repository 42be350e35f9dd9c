import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseFlyToml } from './parse-fly-toml.ts'
import { printFlyToml } from './print-fly-toml.ts'

test('a fresh file has the launch defaults', () => {
  const text = printFlyToml({ app: 'shop', primaryRegion: 'fra', internalPort: 3000, env: {}, healthPath: '/up', writtenAt: '2026-01-01T00:00:00Z' })
  const { config, warnings } = parseFlyToml('fly.toml', text)
  assert.deepEqual(warnings, [])
  assert.equal(config.app, 'shop')
  assert.equal(config.primaryRegion, 'fra')
  const [service] = config.services
  assert.deepEqual(
    [service?.internalPort, service?.autostop, service?.autostart, service?.minMachinesRunning, service?.processes],
    [3000, 'stop', true, 0, ['app']],
  )
  assert.equal(service?.checks[0]?.path, '/up')
  assert.equal(config.vm[0]?.memoryMb, 1024)
})

test('whatever is written is read back', () => {
  const text = fc.string({ maxLength: 20, unit: 'grapheme' })
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1, maxLength: 10 }), text, { noNullPrototype: true }), text, text, (env, image, region) => {
      const written = printFlyToml({ app: 'a', primaryRegion: region, internalPort: 1, image, env, writtenAt: 'now' })
      const { config } = parseFlyToml('fly.toml', written)
      assert.deepEqual(config.env, env)
      assert.equal(config.build.image, image)
    }),
  )
})
