import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { root, sources } from './sources.ts'

const code = [...sources('src'), ...sources('tools')].filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
const offenders = (paths: readonly string[], pattern: RegExp) =>
  paths.flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${relative(root, path)}:${index + 1}: ${line.trim()}`] : [])),
  )

test('processes are started with argv, never through a shell', () => {
  assert.deepEqual(offenders(code, /\bexecSync\(|\bchild_process['"].*\bexec\b|\bshell:\s*true/), [])
})

test('the environment is read at the edges only', () => {
  const allowed = (path: string) => /^(src\/kanted\.ts|src\/kit\/config|src\/cli\/|tools\/)/.test(relative(root, path))
  assert.deepEqual(
    offenders(
      code.filter((path) => !allowed(path)),
      /\bprocess\.env\b/,
    ),
    [],
  )
})

test('no file is a drawer for anything', () => {
  const drawers = code
    .map((path) => relative(root, path))
    .filter((path) => /(^|\/)(utils?|helpers?|common|misc|types|managers?)(\/|\.ts$)/.test(path))
  assert.deepEqual(drawers, [])
})

test('no file grows beyond 500 lines', () => {
  const long = [...code, ...sources('test').filter((path) => path.endsWith('.ts'))]
    .map((path) => ({ path: relative(root, path), lines: readFileSync(path, 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > 500)
  assert.deepEqual(long, [])
})

test('nothing names a registry host or a path of one machine', () => {
  const everywhere = [
    ...code,
    ...sources('docs'),
    ...sources('test'),
    ...sources('examples').filter((path) => !path.includes('node_modules')),
    join(root, 'package-lock.json'),
  ]
  assert.deepEqual(
    offenders(
      everywhere.filter((path) => !path.endsWith('house-rules.test.ts')),
      /registry\.npmjs\.org|(^|[\s"'`=:(])\/(work|farm)\//,
    ),
    [],
  )
})
