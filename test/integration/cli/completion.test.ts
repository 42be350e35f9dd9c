import { strict as assert } from 'node:assert'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { kanteLauncher, run } from '../../testkit/command.ts'
import { openFakeApi, type FakeApi } from './fake-api.ts'

let api: FakeApi
let folder: string
before(async () => {
  api = await openFakeApi()
  folder = await mkdtemp(join(tmpdir(), 'kante-completion-'))
  api.on('GET /v1/apps', { apps: ['web', 'worker'].map((name) => ({ name, status: 'deployed' })) })
  api.on('GET /v1/apps/web/machines', [{ id: '1a2b', state: 'started', region: 'fra', host_status: 'ok', checks: [] }])
  await writeFile(join(folder, 'a file.toml'), '')
  for (const shell of ['bash', 'zsh', 'fish']) await writeFile(join(folder, shell), (await api.kante(['completion', shell])).stdout)
})
after(async () => {
  await api[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** What a shell offers for the words of a line; each shell cuts and quotes them in its own way. */
const offers: Readonly<Record<string, (words: readonly string[]) => readonly string[]>> = {
  // readline cuts words at `=` and `:` and calls the function that `complete -F` named.
  bash: (words) => [
    '--norc',
    '-c',
    `source "$0"; [[ $(complete -p kante) == 'complete -F _kante kante' ]] || exit 9
     COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kante; printf '%s\\n' "\${COMPREPLY[@]}"`,
    join(folder, 'bash'),
    ...words.flatMap((word) => word.split(/(?<=[=:])|(?=[=:])/)),
  ],
  // Without a terminal the completion system is not there: what it would show is printed.
  zsh: (words) => [
    '-f',
    '-c',
    `compdef() { [[ $1 == _kante ]] || exit 9 }; _describe() { print -rl -- \${(P)2%%:*} }; _files() { print -rl -- *(N) }
     source $0; words=("$@"); CURRENT=$#; PREFIX=$words[-1]; _kante`,
    join(folder, 'zsh'),
    ...words,
  ],
  fish: (words) => ['--no-config', '-c', `source ${join(folder, 'fish')}; complete -C '${words.join(' ')}' | string replace -r '\\t.*' ''; true`],
}

for (const [shell, argumentsOf] of Object.entries(offers)) {
  const complete = async (words: readonly string[]) => {
    const result = await run(shell, argumentsOf(words), {
      cwd: folder,
      env: { ...api.env, PATH: `${dirname(kanteLauncher)}:${process.env['PATH']}` },
    })
    assert.equal(result.code, 0, result.stderr)
    return result.stdout.split('\n').filter((line) => line.length > 0)
  }
  test(`${shell} completes commands, flags, values, apps, machines and files`, async (context) => {
    const there = await run('/bin/sh', ['-c', `command -v ${shell}`])
    if (there.code !== 0) return context.skip(`${shell} is not installed`)
    assert.deepEqual(await complete(['kante', 'mach']), ['machine'])
    assert.deepEqual(await complete(['kante', 'machine', 'sta']), ['start', 'status'])
    assert.deepEqual(await complete(['kante', 'deploy', '--strategy', 'ro']), ['rolling'])
    assert.deepEqual(await complete(['kante', 'deploy', '--strategy=ro']), [shell === 'bash' ? 'rolling' : '--strategy=rolling'])
    assert.deepEqual(await complete(['kante', 'logs', '-a', 'w']), ['web', 'worker'])
    assert.deepEqual(await complete(['kante', 'machine', 'stop', '-a', 'web', '']), ['1a2b'])
    assert.match((await complete(['kante', 'deploy', '-c', 'a'])).join(), /a.* file\.toml/)
    assert.deepEqual(await complete(['kante', 'nosuch', 'x']), [])
  })
}

test('a platform that is down offers nothing and says nothing', async () => {
  const result = await api.kante(['__complete', 'logs', '-a', ''], { env: { KANTE_API: 'http://127.0.0.1:1' } })
  assert.deepEqual([result.code, result.stdout, result.stderr], [0, '', ''])
  assert.equal((await api.kante(['completion', 'tcsh'])).code, 2)
  assert.ok((await readFile(join(folder, 'bash'), 'utf8')).includes('__complete'))
})
