import assert from 'node:assert/strict'
import { test } from 'node:test'
import { projectOf } from '../detect/project-files.ts'
import { dependenciesOf, dependencyKeyOf, pyprojectDependencies } from './dependencies-of.ts'
import { installCommand, installEnvironment } from './install-command.ts'

const json = (value: unknown) => JSON.stringify(value)
const express = json({ dependencies: { express: '5' } })
const of = (files: Readonly<Record<string, string>>) => dependenciesOf(projectOf(files), Object.keys(files))

test('the lockfile decides who installs, and from which files', () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, ReturnType<typeof of>])[] = [
    [
      { 'package.json': express, 'package-lock.json': '{}', '.npmrc': '', 'index.js': '' },
      { kind: 'npm', files: ['.npmrc', 'package-lock.json', 'package.json'] },
    ],
    [
      { 'package.json': express, 'pnpm-lock.yaml': '' },
      { kind: 'pnpm', files: ['package.json', 'pnpm-lock.yaml'] },
    ],
    [
      { 'package.json': express, 'yarn.lock': '' },
      { kind: 'yarn', files: ['package.json', 'yarn.lock'] },
    ],
    [
      { 'package.json': express, 'bun.lock': '' },
      { kind: 'bun', files: ['bun.lock', 'package.json'] },
    ],
    [{ 'package.json': express }, { kind: 'npm', files: ['package.json'] }],
    [{ 'package.json': json({ dependencies: { a: '1' }, packageManager: 'pnpm@10.1.0' }) }, { kind: 'pnpm', files: ['package.json'] }],
    [{ 'package.json': '{}' }, undefined],
    [{ 'package.json': '{}', 'package-lock.json': '{}' }, undefined],
    [{ 'package.json': json({ devDependencies: { a: '1' } }) }, undefined],
    [
      { 'requirements.txt': '-r base.txt\nflask', 'base.txt': '', 'app.py': '' },
      { kind: 'pip', files: ['base.txt', 'requirements.txt'] },
    ],
    [{ 'pyproject.toml': '[project]\ndependencies = ["flask"]' }, { kind: 'pip', files: ['pyproject.toml'] }],
    [{ 'pyproject.toml': '[tool.x]' }, undefined],
    [{ 'main.go': '' }, undefined],
  ]
  for (const [files, expected] of cases) assert.deepEqual(of(files), expected, json(files))
})

test('workspaces bring their manifests, own install scripts bring the whole project', () => {
  const workspaces = json({ workspaces: ['packages/*'], dependencies: { a: '1' } })
  assert.deepEqual(of({ 'package.json': workspaces, 'packages/a/package.json': '{}', 'packages/a/index.js': '' })?.files, [
    'package.json',
    'packages/a/package.json',
  ])
  const scripted = json({ scripts: { postinstall: 'prisma generate' }, dependencies: { a: '1' } })
  assert.deepEqual(of({ 'package.json': scripted, 'prisma/schema.prisma': '' })?.files, ['package.json', 'prisma/schema.prisma'])
})

test('what .dockerignore keeps out is not installed from', () => {
  assert.equal(dependenciesOf(projectOf({ 'package.json': express }), ['index.js']), undefined)
})

test('the key changes with each byte of a file that counts', async () => {
  const dependencies = { kind: 'npm', files: ['package-lock.json', 'package.json'] } as const
  const key = (lock: string) => dependencyKeyOf(dependencies, async (path) => Buffer.from(path === 'package.json' ? express : lock))
  assert.equal(await key('a'), await key('a'))
  assert.notEqual(await key('a'), await key('b'))
  assert.notEqual(
    await key('a'),
    await dependencyKeyOf({ ...dependencies, kind: 'yarn' }, async (path) => Buffer.from(path === 'package.json' ? express : 'a')),
  )
})

test('broken pyproject files and options in them install nothing', () => {
  assert.deepEqual(pyprojectDependencies('[project'), [])
  assert.deepEqual(pyprojectDependencies('[project]\ndependencies = ["a>=1", "--index-url=x", 3]'), ['a>=1'])
})

test('locked dependencies are installed as locked, development ones never', () => {
  const argv = (kind: Parameters<typeof installCommand>[0], ...files: readonly string[]) => installCommand(kind, files).argv.join(' ')
  assert.match(argv('npm', 'package-lock.json'), /^npm ci --omit=dev/)
  assert.match(argv('npm'), /^npm install --no-package-lock --omit=dev/)
  assert.equal(argv('pnpm', 'pnpm-lock.yaml'), 'pnpm install --prod --frozen-lockfile')
  assert.match(argv('yarn', 'yarn.lock'), /--production=true --non-interactive --frozen-lockfile$/)
  assert.match(argv('bun', 'bun.lockb'), /--production --frozen-lockfile$/)
  assert.match(argv('pip', 'requirements.txt'), /--target \.python-packages -r requirements\.txt$/)
  assert.deepEqual(installCommand('pip', ['pyproject.toml'], ['flask']).argv.at(-1), 'flask')
})

test('an installation sees how to reach its registry, and no token of the platform', () => {
  const kept = installEnvironment(
    {
      HOME: '/home/a',
      PATH: '/old',
      HTTPS_PROXY: 'p',
      no_proxy: 'n',
      NODE_EXTRA_CA_CERTS: 'ca',
      npm_config_registry: 'r',
      'npm_config_@acme:registry': 'r2',
      npm_config_cafile: 'c',
      npm_config_local_prefix: '/elsewhere',
      npm_config_prefix: '/x',
      npm_config_ignore_scripts: 'true',
      npm_package_name: 'kante',
      KANTE_API_TOKEN: 't',
      FLY_API_TOKEN: 't',
      NODE_OPTIONS: '--inspect',
      AWS_SECRET_ACCESS_KEY: 's',
    },
    '/bin',
  )
  assert.deepEqual(
    Object.keys(kept).toSorted(),
    [
      'HOME',
      'HTTPS_PROXY',
      'NODE_ENV',
      'NODE_EXTRA_CA_CERTS',
      'PATH',
      'no_proxy',
      'npm_config_@acme:registry',
      'npm_config_cafile',
      'npm_config_registry',
    ].toSorted(),
  )
  assert.equal(kept['PATH'], '/bin')
})
