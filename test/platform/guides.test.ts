import { strict as assert } from 'node:assert'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { kanteLauncher, repository, run } from '../testkit/command.ts'
import { cleanEnvironment, openTestPlatform } from '../testkit/platform.ts'

/**
 * The `sh` blocks of a guide as one script. A line `COMMAND  # → TEXT` must print TEXT; any command that fails ends it. Ports of the default platform
 * become those of the test's.
 */
function scriptOf(guide: string, portOf: (index: number) => number): string {
  const blocks = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
  const lines = blocks.join('').split('\n')
  return lines
    .map((line) => line.replaceAll(/localhost:808(\d)/g, (_, digit: string) => `localhost:${portOf(Number(digit))}`))
    .map((line) => {
      const [, command, text] = /^(.*\S)\s+# → (.*)$/.exec(line) ?? []
      if (command === undefined || text === undefined) return line
      return `out=$(${command} 2>&1) || { printf '%s\\n' "$out"; exit 1; }
printf '%s\\n' "$out"
case $out in *'${text}'*) ;; *) echo 'the guide promises: ${text}, of: ${command.replaceAll("'", '"')}'; exit 1 ;; esac`
    })
    .join('\n')
}

test('every command of the guide to a first app works, in its order, and prints what the guide says', { timeout: 180_000 }, async (context) => {
  const curl = await run('/bin/sh', ['-c', 'command -v curl'])
  if (curl.code !== 0) return context.skip('curl is not installed')
  const guide = await readFile(join(repository, 'docs', 'guides', 'first-app.md'), 'utf8')
  await using platform = await openTestPlatform()
  const script = scriptOf(guide, (index) => platform.edgePort(platform.regions[index] ?? ''))
  assert.ok(script.split('\n').length > 60, 'the guide has its blocks')
  const folder = await mkdtemp(join(tmpdir(), 'kante-guide-'))
  try {
    const env = { ...cleanEnvironment(), KANTE_HOME: platform.home, PATH: `${dirname(kanteLauncher)}:${process.env['PATH']}` }
    const result = await run('/bin/sh', ['-eu'], { cwd: folder, env, input: script, timeoutMs: 150_000 })
    assert.equal(result.code, 0, result.stdout + result.stderr)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
