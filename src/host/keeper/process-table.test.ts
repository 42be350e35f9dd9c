import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { isSameProcess, listProcesses, parsePsLine, parseStat, readProcess } from './process-table.ts'

test('a program’s name may hold anything and moves no field', () => {
  const rest = 'S 1 77 78 0 -1 4194304 1 2 3 4 150 50 0 0 20 0 1 0 123456 1000 200'
  for (const name of ['(node)', '(a b)', '() S 9 9 (x)', '(\n)']) {
    const row = parseStat(42, `42 ${name} ${rest}`)
    assert.deepEqual([row.parentPid, row.group, row.session, row.isZombie, row.startTime, row.cpuMs], [1, 77, 78, false, '123456', 2000])
  }
  assert.equal(parseStat(42, `42 (node) ${rest.replace('S', 'Z')}`).isZombie, true)
})

test('a line of ps is read with its date and its processor time', () => {
  const row = parsePsLine('  501     1   501 Ss     1:02.50 Tue Nov 24 10:00:00 2026')
  assert.deepEqual(row, {
    pid: 501,
    parentPid: 1,
    group: 501,
    session: 0,
    isZombie: false,
    isStopped: false,
    startTime: 'Tue Nov 24 10:00:00 2026',
    cpuMs: 62_500,
  })
  assert.equal(parsePsLine(''), undefined)
})

test('this process is in the table, and is nobody else', () => {
  const own = readProcess(process.pid)
  assert.ok(own)
  assert.ok(listProcesses().some((row) => row.pid === process.pid && row.startTime === own.startTime))
  assert.equal(isSameProcess(process.pid, own.startTime), true)
  assert.equal(isSameProcess(process.pid, '0'), false)
  assert.equal(isSameProcess(2 ** 22 + 1, own.startTime), false)
})
