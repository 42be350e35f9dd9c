import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { takePidFile } from '../../../src/kit/pid-file.ts'
import { processIdentity } from '../../../src/kit/process-identity.ts'
import { repository } from '../../testkit/command.ts'

const script = `
import { takePidFile } from ${JSON.stringify(join(repository, 'src/kit/pid-file.ts'))}
const holder = takePidFile(process.argv[1])
console.log(holder === undefined ? 'mine' : 'taken')
process.stdin.resume()
`
/** A process that tries to get the file and lives until `leave`. */
function rival(path: string) {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  const verdict = new Promise<string>((resolve) => child.stdout.once('data', (text: Buffer) => resolve(text.toString().trim())))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    verdict,
    leave: async () => {
      child.stdin.end()
      await ended
    },
  }
}

for (const before of ['none', 'a dead one’s', 'nonsense'] as const)
  test(`of many that take a pid file at once one gets it; before: ${before}`, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'kante-pid-'))
    try {
      const path = join(dir, 'kanted.pid')
      if (before === 'nonsense') await writeFile(path, '{"pid":')
      if (before === 'a dead one’s') await writeFile(path, JSON.stringify({ pid: process.pid, startTime: '1' }))
      const rivals = Array.from({ length: 6 }, () => rival(path))
      const verdicts = await Promise.all(rivals.map(({ verdict }) => verdict))
      assert.equal(verdicts.filter((verdict) => verdict === 'mine').length, 1, verdicts.join(' '))
      assert.equal(takePidFile(path)?.pid, (JSON.parse(await readFile(path, 'utf8')) as { pid: number }).pid)
      for (const { leave } of rivals) await leave()
      assert.equal(takePidFile(path), undefined)
      assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), processIdentity(process.pid))
      assert.deepEqual(await readdir(dir), ['kanted.pid'])
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  })
