import { strict as assert } from 'node:assert'
import { readFile, stat } from 'node:fs/promises'
import { test } from 'node:test'
import { readProcess } from '../../../src/host/keeper/process-table.ts'
import { until } from '../../testkit/until.ts'
import { openKeeperFixture } from './keeper-fixture.ts'

const floodBytes = 200 * 1024 * 1024
const hasProc = process.platform === 'linux' ? false : 'needs /proc'

interface Line {
  readonly id: string
  readonly level: string
  readonly message: string
}
const linesOf = async (file: string): Promise<readonly Line[]> =>
  (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
const residentKb = async (pid: number, name: string) =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])

test('a flood of short lines costs the keeper little, and its neighbour nothing', { skip: hasProc }, async (t) => {
  await using fixture = await openKeeperFixture()
  const { keeper } = fixture
  const keeperPid = keeper.hello.pid
  const tick = 'setInterval(() => console.log(Date.now()), 50)'
  await keeper.call('spawn', fixture.request('neighbour', fixture.program(tick)))
  const cpuBefore = readProcess(keeperPid)?.cpuMs ?? 0
  const rssBefore = await residentKb(keeperPid, 'VmHWM')
  const startedAt = performance.now()
  // 'y\n' a hundred million times, as fast as the pipe takes it.
  const flood = `const block = Buffer.alloc(65536, 'y\\n'); const fs = require('fs')
    for (let left = ${floodBytes}; left > 0; left -= block.length) { try { fs.writeSync(1, block) } catch (error) { if (error.code !== 'EAGAIN') throw error; left += block.length } }`
  await keeper.call('spawn', fixture.request('flood', fixture.program(flood)))
  await until('the flood is over', async () => (await keeper.call('list', {})).exits.some((exit) => exit.runId === 'flood'), 60_000, 100)
  const wallMs = performance.now() - startedAt
  const cpuMs = (readProcess(keeperPid)?.cpuMs ?? 0) - cpuBefore
  const grownKb = (await residentKb(keeperPid, 'VmHWM')) - rssBefore
  const neighbour = await linesOf(fixture.logFile('neighbour'))
  const delays = neighbour.map((line) => Number(line.id.slice(0, 13)) - Number(line.message)).filter((ms) => Number.isFinite(ms))
  const slowestMs = Math.max(...delays)
  t.diagnostic(`200 MB in ${Math.round(wallMs)} ms, keeper ${cpuMs} ms processor, +${grownKb} kB, neighbour's slowest line ${slowestMs} ms`)
  assert.ok(cpuMs < wallMs * 0.5, `the keeper used ${cpuMs} of ${wallMs} ms`)
  assert.ok(grownKb < 40 * 1024, `the keeper grew by ${grownKb} kB`)
  assert.ok(slowestMs < 500, `a line of the neighbour took ${slowestMs} ms`)

  const kept = await linesOf(fixture.logFile('flood'))
  const dropped = kept.flatMap((line) => /^(\d+) lines dropped/.exec(line.message)?.[1] ?? []).reduce((sum, count) => sum + Number(count), 0)
  const printed = kept.filter((line) => line.message === 'y').length
  assert.equal(dropped + printed, floodBytes / 2)
  assert.ok(kept.filter((line) => line.level === 'warn').length < 100)
})

test('logs rotate at their cap and lose no line in between', async () => {
  await using fixture = await openKeeperFixture()
  const maxBytes = 20_000
  const request = fixture.request('r1', fixture.program('for (let i = 0; i < 500; i++) console.log(String(i).padStart(20))'))
  await fixture.keeper.call('spawn', { ...request, log: { ...request.log, maxBytes } })
  await fixture.exitOf('r1')
  const file = fixture.logFile('r1')
  const lines = [...(await linesOf(`${file}.1`)), ...(await linesOf(file))].map((line) => Number(line.message))
  assert.equal(lines.at(-1), 499)
  assert.deepEqual(
    lines,
    Array.from({ length: lines.length }, (_, index) => 500 - lines.length + index),
  )
  assert.ok((await stat(`${file}.1`)).size < maxBytes + 200)
})

test('a program whose output nobody can store goes on', { skip: hasProc }, async () => {
  await using fixture = await openKeeperFixture()
  const request = fixture.request('r1', ['/bin/sh', '-c', 'i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; exit 5'])
  await fixture.keeper.call('spawn', { ...request, log: { ...request.log, file: '/dev/full' } })
  assert.equal((await fixture.exitOf('r1')).exitCode, 5)
})
