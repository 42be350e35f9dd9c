import { strict as assert } from 'node:assert'
import { appendFile, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openHostLogs } from '../../../src/host/logs/open-host-logs.ts'
import { machineLogFile } from '../../../src/host/logs/log-paths.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { parseAppName, parseMachineId, parseRegionCode } from '../../../src/model/ids.ts'
import type { LogLine } from '../../../src/protocol/log-line.ts'
import { until } from '../../testkit/until.ts'

const app = parseAppName('app')
const machine = parseMachineId('0123456789abcd')
const other = parseMachineId('fedcba98765432')
const region = parseRegionCode('fra')
const query = { app, limit: 100 }

async function openFixture() {
  await using opened = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'kante-l-'))
  opened.defer(() => rm(dir, { recursive: true, force: true }))
  await mkdir(join(dir, app))
  const logs = opened.use(await openHostLogs({ clock: systemClock }, { dir, region }))
  const owned = opened.move()
  const line = (ms: number, message: string) => `${JSON.stringify({ id: `${String(ms).padStart(13, '0')}-100000001`, level: 'info', message })}\n`
  return {
    dir,
    logs,
    file: (of = machine) => machineLogFile(dir, app, of),
    print: (ms: number, message: string, of = machine) => appendFile(machineLogFile(dir, app, of), line(ms, message)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
const messages = (lines: readonly LogLine[]) => lines.map((line) => line.message)

test('lines of machines and of the host come merged by time', async () => {
  await using fixture = await openFixture()
  await fixture.print(1, 'a')
  await fixture.print(3, 'c')
  await fixture.print(2, 'b', other)
  fixture.logs.append({ app, machine, provider: 'proxy', level: 'error', message: 'from the edge' })
  const lines = await fixture.logs.read(query)
  assert.deepEqual(messages(lines), ['a', 'b', 'c', 'from the edge'])
  assert.deepEqual(lines.map((line) => [line.machine, line.provider]).at(-1), [machine, 'proxy'])
  assert.deepEqual(messages(await fixture.logs.read({ ...query, machine })), ['a', 'c', 'from the edge'])
  assert.deepEqual(messages(await fixture.logs.read({ ...query, machine: other })), ['b'])
  assert.deepEqual(await fixture.logs.read({ ...query, app: parseAppName('unknown') }), [])
})

test('the newest lines are read, or the first after a cursor, across a rotation', async () => {
  await using fixture = await openFixture()
  for (let n = 1; n <= 5; n++) await fixture.print(n, `${n}`)
  await rename(fixture.file(), `${fixture.file()}.1`)
  for (let n = 6; n <= 9; n++) await fixture.print(n, `${n}`)
  assert.deepEqual(messages(await fixture.logs.read({ ...query, limit: 3 })), ['7', '8', '9'])
  assert.deepEqual(messages(await fixture.logs.read({ ...query, limit: 6 })), ['4', '5', '6', '7', '8', '9'])
  const lines = await fixture.logs.read(query)
  assert.deepEqual(messages(await fixture.logs.read({ ...query, limit: 4, after: lines[2]?.id ?? '' })), ['4', '5', '6', '7'])
  assert.deepEqual(messages(await fixture.logs.read({ ...query, after: lines[8]?.id ?? '' })), [])
})

test('long files are read from their end, lines longer than a block included', async () => {
  await using fixture = await openFixture()
  const long = 'x'.repeat(100_000)
  for (let n = 1; n <= 20; n++) await fixture.print(n, `${n} ${n % 5 === 0 ? long : ''}`)
  const lines = await fixture.logs.read(query)
  assert.deepEqual(
    lines.map((line) => Number.parseInt(line.message, 10)),
    Array.from({ length: 20 }, (_, index) => index + 1),
  )
  assert.equal(lines[4]?.message.length, long.length + 2)
})

test('following tells the past and then each line once, through rotations and for machines that come later', async () => {
  await using fixture = await openFixture()
  await fixture.print(1, 'past')
  const leave = new AbortController()
  const seen: string[] = []
  const following = (async () => {
    for await (const line of fixture.logs.follow(query, leave.signal)) seen.push(line.message)
  })()
  const saw = (message: string) => until(message, () => seen.includes(message))
  await saw('past')
  await fixture.print(2, 'live')
  await saw('live')
  await fixture.print(3, 'last of the old file')
  await rename(fixture.file(), `${fixture.file()}.1`)
  await fixture.print(4, 'first of the new file')
  await saw('first of the new file')
  await fixture.print(5, 'a new machine', other)
  await saw('a new machine')
  fixture.logs.append({ app, machine: '', provider: 'runner', level: 'info', message: 'the host' })
  await saw('the host')
  // Half a line is none yet.
  await appendFile(fixture.file(), '{"id":"0000000000006-100000001","level":"info",')
  await fixture.print(7, 'other machine again', other)
  await saw('other machine again')
  await appendFile(fixture.file(), '"message":"completed"}\n')
  await saw('completed')
  leave.abort()
  await following
  assert.deepEqual(seen, [
    'past',
    'live',
    'last of the old file',
    'first of the new file',
    'a new machine',
    'the host',
    'other machine again',
    'completed',
  ])
})

test('a follower that left holds nothing open', async () => {
  await using fixture = await openFixture()
  await fixture.print(1, 'one')
  const leave = new AbortController()
  for await (const line of fixture.logs.follow(query, leave.signal)) {
    assert.equal(line.message, 'one')
    break
  }
})

test('following from a cursor misses nothing', async () => {
  await using fixture = await openFixture()
  for (let n = 1; n <= 300; n++) await fixture.print(n, `${n}`)
  const [first] = await fixture.logs.read({ ...query, limit: 300 })
  const leave = new AbortController()
  const seen: string[] = []
  for await (const line of fixture.logs.follow({ app, limit: 10, after: first?.id ?? '' }, leave.signal)) {
    seen.push(line.message)
    if (seen.length === 299) break
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 299 }, (_, index) => String(index + 2)),
  )
})

test('removing a machine removes its lines and no others', async () => {
  await using fixture = await openFixture()
  await fixture.print(1, 'gone')
  await writeFile(`${fixture.file()}.1`, '')
  await fixture.print(2, 'stays', other)
  await fixture.logs.remove(app, machine)
  await fixture.logs.remove(app, machine)
  assert.deepEqual(messages(await fixture.logs.read(query)), ['stays'])
  await assert.rejects(stat(`${fixture.file()}.1`), { code: 'ENOENT' })
})

test('lines that are appended faster than the disk takes them are counted, and nothing throws', async () => {
  await using fixture = await openFixture()
  const message = 'x'.repeat(10_000)
  for (let n = 0; n < 1_000; n++) fixture.logs.append({ app, machine, provider: 'runner', level: 'info', message })
  const lines = await until('the note', async () => {
    const found = await fixture.logs.read({ app, limit: 2_000 })
    return found.some((line) => line.message.includes('dropped')) && found
  })
  const kept = lines.filter((line) => line.message === message).length
  const dropped = Number(/^(\d+) lines dropped/.exec(lines.find((line) => line.message.includes('dropped'))?.message ?? '')?.[1])
  assert.equal(kept + dropped, 1_000)
})
