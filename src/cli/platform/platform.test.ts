import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../../model/fault/fault.ts'
import { knownRegions } from '../../model/region/region-catalogue.ts'
import { parsePlatformFile, PlatformFileError, type PlatformFile } from '../../kit/platform-file.ts'
import { parseProcessIdentity } from '../../kit/process-identity.ts'
import { humanLogLine } from './human-log-line.ts'
import { planPlatform, type UpFlags } from './plan-platform.ts'
import { parseRegionFile } from './region-file.ts'
import { parseGreeting } from './spawn-daemon.ts'

const nothing: UpFlags = { regions: [], dataDir: undefined, httpPort: undefined, apiPort: undefined, idleTimeoutMs: undefined }
const plan = (typed: Partial<UpFlags>, before?: PlatformFile) =>
  planPlatform({ ...nothing, ...typed }, before, knownRegions, { defaultDataDir: '/h/data', nowMs: 0 })

test('the first up gives each region the next port', () => {
  const { file, changes } = plan({ regions: ['fra', 'cdg', 'iad'] })
  assert.deepEqual(
    file.regions.map((region) => [region.code, region.httpPort]),
    [
      ['fra', 8080],
      ['cdg', 8081],
      ['iad', 8082],
    ],
  )
  assert.deepEqual([file.apiPort, file.dataDir, file.domain, changes], [4280, '/h/data', 'localhost', []])
})

test('a later up keeps what it does not name, and says what it changes', () => {
  const before = plan({ regions: ['fra', 'cdg'], httpPort: 9000, idleTimeoutMs: 2000 }).file
  assert.deepEqual(plan({}, before), { file: before, changes: [], removedRegions: [] })
  const later = plan({ regions: ['cdg'], apiPort: 5000 }, before)
  assert.deepEqual(later.removedRegions, ['fra'])
  assert.deepEqual(
    later.changes.map((change) => `${change.flag} ${change.from} ${change.to}`),
    ['--regions fra,cdg cdg', '--api-port 4280 5000'],
  )
  assert.equal(later.file.regions[0]?.httpPort, 9000)
})

test('regions of a region file are remembered by the platform', () => {
  const own = parseRegionFile('r.json', '[{"code":"muc","name":"Munich","latitude":48.1,"longitude":11.6}]')
  const first = planPlatform({ ...nothing, regions: ['muc'] }, undefined, [...own, ...knownRegions], { defaultDataDir: '/h/data', nowMs: 0 }).file
  assert.equal(plan({ regions: ['muc', 'fra'] }, first).file.regions[0]?.name, 'Munich')
})

test('an unknown region, one given twice, and ports that clash are refused', () => {
  assert.throws(() => plan({ regions: ['xyz'] }), /--regions: found "xyz".*--region-file/)
  assert.throws(() => plan({ regions: ['fra', 'fra'] }), /fra stands there twice/)
  assert.throws(() => plan({ regions: ['fra', 'cdg'], httpPort: 4279 }), /the one of cdg listens on it/)
  assert.throws(() => plan({ regions: ['fra', 'cdg'], httpPort: 65_535 }), /--http-port/)
})

test('a platform file comes back as it was written', () => {
  const { file } = plan({ regions: ['fra', 'hel'] })
  assert.deepEqual(parsePlatformFile('p', JSON.stringify(file)), file)
})

test('property: a damaged platform file is refused by name, never believed', () => {
  const whole = JSON.stringify(plan({ regions: ['fra', 'hel'] }).file)
  const damaged = fc.oneof(
    fc.string(),
    fc.json(),
    fc.nat(whole.length - 1).map((at) => whole.slice(0, at)),
  )
  fc.assert(fc.property(damaged, (text) => assert.throws(() => parsePlatformFile('p', text), PlatformFileError)))
})

test('property: a region file gives regions or a fault', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      try {
        for (const region of parseRegionFile('r', text)) assert.match(region.code, /^[a-z][a-z0-9]{1,9}$/)
      } catch (error) {
        if (!isFault(error, 'invalid_value')) throw error
      }
    }),
  )
})

test('a pid file that says nothing usable names nobody', () => {
  assert.deepEqual(parseProcessIdentity('{"pid":12,"startTime":"77"}'), { pid: 12, startTime: '77' })
  for (const text of [undefined, '', 'null', '12', '{"pid":1,"startTime":"7"}', '{"pid":"12","startTime":"7"}', '{"pid":12}'])
    assert.equal(parseProcessIdentity(text), undefined, String(text))
})

test('the daemon’s first line is read, whatever it is', () => {
  assert.deepEqual(parseGreeting('{"ready":true,"pid":7}'), { ready: true })
  assert.deepEqual(parseGreeting('{"error":{"status":"port_in_use","error":"taken"}}'), { error: { status: 'port_in_use', error: 'taken' } })
  for (const line of ['', 'null', 'oops', '{}']) assert.equal(parseGreeting(line), undefined)
})

test('the daemon’s log reads as sentences', () => {
  assert.equal(
    humanLogLine('{"time":"2026-01-02T03:04:05.678Z","level":"warn","message":"slow","host":"fra","ms":12}'),
    '03:04:05 warn slow host=fra ms=12',
  )
  assert.equal(humanLogLine('{"time":"2026-01-02T03:04:05.678Z","level":"info","message":"ready"}'), '03:04:05 ready')
  assert.equal(humanLogLine('plain'), 'plain')
})
