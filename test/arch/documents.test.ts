import { strict as assert } from 'node:assert'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { root, sources } from './sources.ts'

const documents = [
  ...readdirSync(root)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(root, name)),
  ...sources('docs').filter((path) => path.endsWith('.md')),
  ...readdirSync(join(root, 'examples')).map((name) => join(root, 'examples', name, 'README.md')),
]

test('every link of a document to a file leads somewhere', () => {
  const broken = documents.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1] ?? '')
      .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(path), target)))
      .map((target) => `${relative(root, path)} → ${target}`),
  )
  assert.deepEqual(broken, [])
})

test('the README is one screen of text, and its guides are listed in the index', () => {
  assert.ok(readFileSync(join(root, 'README.md'), 'utf8').split('\n').length <= 60)
  const index = readFileSync(join(root, 'docs', 'README.md'), 'utf8')
  for (const name of readdirSync(join(root, 'docs', 'guides'))) assert.ok(index.includes(`guides/${name}`), name)
})
