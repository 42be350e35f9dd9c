import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { LogFile } from '../../../src/edge/request-log/log-file.ts'

test('a log file goes on where it was, and becomes `.1` beyond its limit', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kante-log-'))
  try {
    const path = join(folder, 'requests.log')
    {
      await using file = new LogFile(path, 10)
      await file.write(Buffer.from('one\n'))
    }
    await using file = new LogFile(path, 10)
    for (const line of ['two\n', 'three\n', 'four\n', 'five\n', 'six\n', 'seven\n']) await file.write(Buffer.from(line))
    assert.equal(await readFile(`${path}.1`, 'utf8'), 'four\nfive\n')
    assert.equal(await readFile(path, 'utf8'), 'six\nseven\n')
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  } finally {
    await rm(folder, { recursive: true })
  }
})
