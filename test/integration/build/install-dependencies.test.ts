import assert from 'node:assert/strict'
import { chmod, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { list } from 'tar'
import { openInstaller } from '../../../src/build/install-dependencies.ts'
import { packFiles } from '../../../src/build/pack/pack-project.ts'
import { readIfThere } from '../../../src/kit/durable-file.ts'
import { silentLog } from '../../../src/kit/log.ts'
import { until } from '../../testkit/until.ts'

const example = join(import.meta.dirname, '..', '..', '..', 'examples', 'hello-edge')
let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kante-install-'))
})
after(async () => {
  await rm(folder, { recursive: true, force: true })
})

let count = 0
async function install(
  kind: 'npm' | 'pnpm',
  source: string,
  files: readonly string[],
  options: { readonly path?: string; readonly signal?: AbortSignal; readonly timeoutMs?: number; readonly onLine?: (line: string) => void } = {},
) {
  const at = join(folder, `layer-${count++}`)
  const { file } = await packFiles(source, files, `${at}.source.tgz`, { isRecursive: false })
  const lines: string[] = []
  const environment = options.path === undefined ? process.env : { HOME: process.env['HOME'], PATH: options.path }
  const installer = openInstaller({ log: silentLog, environment, ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }) })
  const outputFile = `${at}.tgz`
  await installer.install({
    kind,
    sourceFile: file,
    files,
    outputFile,
    report: (line) => {
      lines.push(line)
      options.onLine?.(line)
    },
    signal: options.signal ?? new AbortController().signal,
  })
  const paths = new Set<string>()
  await list({ file: outputFile, onReadEntry: (entry) => void paths.add(entry.path) })
  return { paths, lines }
}
const leftovers = async () => (await readdir(folder)).filter((name) => name.includes('.install.'))

/** A killed orphan may stay a zombie until the computer's init looks at it. */
const isGone = async (pid: number) => (await readIfThere(`/proc/${pid}/stat`))?.split(') ')[1]?.startsWith('Z') ?? true

/** A package manager that does what the test says, under the real one's name. */
async function fakeManager(name: string, program: string): Promise<string> {
  const bin = join(folder, `bin-${count++}`)
  await mkdir(bin)
  await writeFile(join(bin, name), `#!${process.execPath}\n${program}\n`)
  await chmod(join(bin, name), 0o755)
  return bin
}

test('npm installs the example by its lockfile into a layer', { timeout: 120_000 }, async () => {
  const source = join(folder, 'hello')
  await cp(example, source, { recursive: true, filter: (path) => !path.includes('node_modules') })
  const { paths } = await install('npm', source, ['.npmrc', 'package-lock.json', 'package.json'])
  assert.ok(paths.has('node_modules/express/package.json'))
  assert.ok([...paths].every((path) => path.startsWith('node_modules/')))
  assert.deepEqual(await leftovers(), [])
})

test('a failed installation says what the package manager said last', async () => {
  const path = await fakeManager('npm', 'console.log("working"); console.error("npm error 404 no such package"); process.exit(3)')
  await assert.rejects(install('npm', example, ['package.json'], { path }), {
    code: 'install_failed',
    message: 'npm install --no-package-lock failed (exit code 3)',
    hint: /working[\s\S]*404 no such package/,
  })
  assert.deepEqual(await leftovers(), [])
})

test('a package manager that is missing is named', async () => {
  await assert.rejects(install('pnpm', example, ['package.json'], { path: folder }), {
    code: 'install_failed',
    hint: /pnpm is not installed on this computer/,
  })
})

test('it sees only the named files and no variables of the daemon', async () => {
  const path = await fakeManager(
    'npm',
    'const fs = require("fs"); console.log(fs.readdirSync(".").join()); console.log(Object.keys(process.env).sort().join()); fs.mkdirSync("packages/a/node_modules/b", { recursive: true })',
  )
  const { lines, paths } = await install('npm', example, ['package.json'], { path })
  assert.deepEqual(lines, ['package.json', 'HOME,NODE_ENV,PATH'])
  assert.deepEqual([...paths], ['packages/a/node_modules/', 'packages/a/node_modules/b/'])
})

test('too long, or no longer wanted: it is ended with all its children', { timeout: 30_000 }, async () => {
  const path = await fakeManager(
    'npm',
    'const child = require("child_process").spawn("sleep", ["600"], { stdio: "inherit" }); setInterval(() => {}, 1000); console.log(child.pid)',
  )
  const withSleep = `${path}:/usr/bin:/bin`
  const children: number[] = []
  const onLine = (line: string) => void children.push(Number(line))
  await assert.rejects(install('npm', example, ['package.json'], { path: withSleep, timeoutMs: 1000, onLine }), {
    code: 'install_failed',
    hint: /ended after 1 s/,
  })
  const leaving = new AbortController()
  const leave = (line: string) => {
    onLine(line)
    leaving.abort(new Error('left'))
  }
  await assert.rejects(install('npm', example, ['package.json'], { path: withSleep, signal: leaving.signal, onLine: leave }), { message: 'left' })
  assert.equal(children.length, 2)
  for (const pid of children) await until(`process ${pid} is gone`, () => isGone(pid))
  assert.deepEqual(await leftovers(), [])
})
