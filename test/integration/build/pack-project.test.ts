import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { list } from 'tar'
import { parseDockerignore } from '../../../src/build/dockerignore/dockerignore.ts'
import { readProject } from '../../../src/build/detect/read-project.ts'
import { listProject } from '../../../src/build/pack/list-project.ts'
import { packFiles } from '../../../src/build/pack/pack-project.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kante-pack-'))
})
after(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function project(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const dir = join(folder, name)
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true })
    await writeFile(join(dir, path), text)
  }
  return dir
}
const pathsIn = async (dir: string, rules = '') => (await listProject(dir, parseDockerignore(rules))).files.map((file) => file.path)

test('what is ignored, dependencies and history stay out', async () => {
  const dir = await project('ignored', {
    'a.js': '',
    'b.md': '',
    'keep/c.md': '',
    'node_modules/x/i.js': '',
    'packages/a/node_modules/y.js': '',
    '.git/HEAD': '',
    'dist/x': '',
    'dist/keep': '',
  })
  assert.deepEqual(await pathsIn(dir, '*.md\ndist\n!dist/keep\n'), ['a.js', 'dist/keep', 'keep/c.md'])
})

test('a link that leads out of the project is left out, one inside goes along', async () => {
  const dir = await project('links', { 'real/a.txt': 'a' })
  await symlink('real/a.txt', join(dir, 'inside'))
  await symlink('/etc/hostname', join(dir, 'absolute'))
  await symlink('../ignored/a.js', join(dir, 'outside'))
  const listing = await listProject(dir, parseDockerignore(''))
  assert.deepEqual(
    listing.files.map((file) => [file.path, file.kind]),
    [
      ['inside', 'link'],
      ['real/a.txt', 'file'],
    ],
  )
  assert.deepEqual(listing.leftOut, ['absolute', 'outside'])
})

test('the same files give the same bytes, whatever their times and order', async () => {
  const one = await project('one', { 'b.txt': 'b', 'a/c.txt': 'c', '@odd': 'x' })
  const two = await project('two', { '@odd': 'x', 'a/c.txt': 'c', 'b.txt': 'b' })
  await utimes(join(two, 'b.txt'), 1000, 1000)
  const pack = async (dir: string) =>
    packFiles(dir, await pathsIn(dir), join(folder, `${createHash('sha1').update(dir).digest('hex')}.tgz`), { isRecursive: false })
  const [first, second] = [await pack(one), await pack(two)]
  assert.equal(first.digest, second.digest)
  assert.equal(
    first.digest,
    `sha256:${createHash('sha256')
      .update(await readFile(first.file))
      .digest('hex')}`,
  )
  assert.equal(first.sizeBytes, (await readFile(first.file)).length)
  const seen: string[] = []
  await list({ file: first.file, onReadEntry: (entry) => void seen.push(entry.path.replace(/^\.\//, '')) })
  assert.deepEqual(seen, ['@odd', 'a/c.txt', 'b.txt'])
})

test('a program stays executable', async () => {
  const dir = await project('modes', { 'run.sh': '#!/bin/sh\n' })
  await chmod(join(dir, 'run.sh'), 0o755)
  const { file } = await packFiles(dir, ['run.sh'], join(folder, 'modes.tgz'), { isRecursive: false })
  const modes: (number | undefined)[] = []
  await list({ file, onReadEntry: (entry) => void modes.push(entry.mode) })
  assert.equal((modes[0] ?? 0) & 0o111, 0o111)
})

test('a project that is too large names its largest files', async () => {
  const dir = await project('large', { 'big.bin': 'x'.repeat(3000), 'small.txt': 'y' })
  await assert.rejects(listProject(dir, parseDockerignore(''), { files: 10, sizeBytes: 2000 }), { code: 'project_too_large', hint: /big\.bin/ })
  await assert.rejects(listProject(dir, parseDockerignore(''), { files: 1, sizeBytes: 1e9 }), { code: 'project_too_large', message: /1 files/ })
})

test('reading a project finds the program that package.json names, wherever it lies', async () => {
  const dir = await project('named', {
    'package.json': '{"scripts":{"start":"node lib/deep/server.js"}}',
    'lib/deep/server.js': 'listen(5000)',
    'notes.txt': 'n',
  })
  await symlink('nowhere', join(dir, 'broken.js'))
  const files = await readProject(dir)
  assert.equal(files.text('lib/deep/server.js'), 'listen(5000)')
  assert.ok(files.has('notes.txt') && !files.has('broken.js'))
})
