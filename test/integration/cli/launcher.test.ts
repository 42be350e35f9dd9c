import { strict as assert } from 'node:assert'
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { repository, run } from '../../testkit/command.ts'

const packageOfThis = `node-${process.platform}-${process.arch}`
/** What the launcher may use of the system, and nothing that is called node. */
const systemPath = '/usr/bin:/bin'

/** An installed package without its Node: launchers, and an entry that says which Node runs it and with what. */
async function openPackage(folder: string) {
  const base = await mkdtemp(join(tmpdir(), 'kante-launcher-'))
  const root = join(base, folder)
  await cp(join(repository, 'bin'), join(root, 'bin'), { recursive: true })
  await mkdir(join(root, 'dist'))
  await writeFile(join(root, 'package.json'), '{"type":"module"}')
  await writeFile(
    join(root, 'dist', 'kante.js'),
    `console.log(JSON.stringify([process.argv.slice(2), process.env.NODE_OPTIONS ?? null, process.pid]))`,
  )
  return {
    base,
    root,
    launcher: join(root, 'bin', 'kante'),
    /** A program that stands for Node in some place. */
    node: async (at: string, version: string) => {
      await mkdir(dirname(join(base, at)), { recursive: true })
      const script = version.startsWith('v26') ? `exec ${process.execPath} "$@"` : 'exit 1'
      await writeFile(join(base, at), `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; exit; fi\n${script}\n`)
      await chmod(join(base, at), 0o755)
      return dirname(join(base, at))
    },
    [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true }),
  }
}
const hasNode = (path: string) => run('/bin/sh', ['-c', 'command -v node'], { env: { PATH: path } }).then((found) => found.code === 0)

test('Node is found in the package, flat beside it, and in PATH when it is new enough', async () => {
  for (const at of [
    `lib/node_modules/kante/node_modules/${packageOfThis}/bin/node`,
    `lib/node_modules/${packageOfThis}/bin/node`,
    'elsewhere/node',
  ]) {
    await using installed = await openPackage('lib/node_modules/kante')
    const folder = await installed.node(at, 'v26.1.0')
    const path = at.startsWith('elsewhere') ? `${folder}:${systemPath}` : systemPath
    const result = await run(installed.launcher, ['a b', '*', ''], { env: { PATH: path, HOME: installed.base } })
    assert.equal(result.code, 0, result.stderr)
    assert.deepEqual((JSON.parse(result.stdout) as unknown[])[0], ['a b', '*', ''], at)
  }
})

test('without a new enough Node it says what is missing and what to do', async (context) => {
  await using installed = await openPackage('lib/node_modules/kante')
  const old = await installed.node('old/node', 'v20.11.0')
  const tooOld = await run(installed.launcher, ['--version'], { env: { PATH: `${old}:${systemPath}`, HOME: installed.base } })
  assert.equal(tooOld.code, 1)
  assert.match(tooOld.stderr, /kante needs Node 26 or newer; PATH has v20\.11\.0/)
  assert.match(tooOld.stderr, /Install kante again/)
  await writeFile(join(installed.root, 'package-lock.json'), '{}')
  if (await hasNode(systemPath)) return context.diagnostic('this system has a node in /usr/bin: the case without any is not looked at')
  const none = await run(installed.launcher, ['--version'], { env: { PATH: systemPath, HOME: installed.base } })
  assert.match(none.stderr, /there is no node in PATH\.\nRun `npm ci` in /)
})

test('it follows relative and absolute links, works from any folder, and passes its own options to Node only', async () => {
  await using installed = await openPackage('lib/node_modules/kante')
  const path = `${await installed.node('new/node', 'v26.0.0')}:${systemPath}`
  await mkdir(join(installed.base, 'bin'))
  await symlink('../lib/node_modules/kante/bin/kante', join(installed.base, 'bin', 'kante'))
  await symlink(join(installed.base, 'bin', 'kante'), join(installed.base, 'k'))
  const env = { PATH: path, HOME: installed.base, NODE_OPTIONS: '--require=/nonexistent.cjs', KANTE_NODE_OPTIONS: '--max-old-space-size=200' }
  for (const [program, cwd] of [
    [join(installed.base, 'k'), '/'],
    ['./k', installed.base],
    ['./kante', join(installed.base, 'bin')],
  ] as const) {
    const result = await run(program, ['x'], { env, cwd })
    assert.equal(result.code, 0, result.stderr)
    assert.equal((JSON.parse(result.stdout) as unknown[])[1], '--max-old-space-size=200')
  }
})
