import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { matchSegment, parseDockerignore } from './dockerignore.ts'

/** Rules, paths that stay out, paths that come along. */
const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['node_modules', ['node_modules', 'node_modules/a/b.js'], ['src/node_modules/a', 'node_modules2']],
  ['**/node_modules', ['node_modules/a', 'src/node_modules/a', 'a/b/node_modules'], ['a/node_modulesx']],
  ['/build/', ['build', 'build/x'], ['src/build']],
  ['*.md\n!README.md', ['a.md', 'CHANGES.md'], ['README.md', 'docs/a.md']],
  ['**/*.log', ['a.log', 'x/y/b.log'], ['a.log2', 'log']],
  ['**.log', ['a.log', 'x/b.log'], ['a.txt']],
  ['docs/**', ['docs/a', 'docs/a/b'], ['docs', 'xdocs/a']],
  ['docs/**/*.md', ['docs/a.md', 'docs/x/y/a.md'], ['docs/a.txt', 'a.md']],
  ['a/*/c', ['a/b/c', 'a/b/c/d'], ['a/c', 'a/b/x/c']],
  ['tmp?', ['tmp1', 'tmpa/x'], ['tmp', 'tmp12']],
  ['[a-c].txt', ['a.txt', 'c.txt'], ['d.txt', 'ab.txt']],
  ['[^a-c].txt', ['d.txt'], ['a.txt']],
  ['# comment\n\n  spaced  \n\\#file', ['spaced', '#file'], ['# comment', 'comment']],
  ['*\n!src\n!package.json', ['a', 'b/c', '.env'], ['src', 'src/x/y.ts', 'package.json']],
  ['*\n!src\nsrc/secret', ['src/secret', 'src/secret/x', 'a'], ['src/x']],
  ['./dist/../out', ['out', 'out/a'], ['dist/a']],
  ['\uFEFF.env*', ['.env', '.env.local'], ['x/.env', 'env']],
  ['dist\r\n!dist/keep\r\n', ['dist/a'], ['dist/keep', 'dist/keep/b']],
  ['foo\\*bar', ['foo*bar'], ['fooxbar']],
  ['.', [], ['a', 'b/c']],
]

test("paths stay out or come along by Docker's rules", () => {
  for (const [rules, out, along] of cases) {
    const ignore = parseDockerignore(rules)
    for (const path of out) assert.ok(ignore.isIgnored(path), `${JSON.stringify(rules)} keeps ${path} out`)
    for (const path of along) assert.ok(!ignore.isIgnored(path), `${JSON.stringify(rules)} lets ${path} in`)
  }
})

test('an ignored folder is walked only where an exception may let something in', () => {
  const ignore = parseDockerignore('dist\nnode_modules\n!dist/keep/*.js')
  assert.ok(ignore.mayHaveExceptions('dist'))
  assert.ok(ignore.mayHaveExceptions('dist/keep'))
  assert.ok(!ignore.mayHaveExceptions('node_modules'))
  assert.ok(!ignore.mayHaveExceptions('dist/other'))
  assert.ok(parseDockerignore('a\n!**/keep').mayHaveExceptions('a/b/c'))
  assert.ok(!parseDockerignore('a').mayHaveExceptions('a'))
})

const segment = fc.stringMatching(/^[ab.]{1,4}$/)
test('a name matches itself, and a star matches any run', () => {
  fc.assert(
    fc.property(segment, segment, (a, b) => {
      assert.ok(matchSegment(a, a))
      assert.ok(matchSegment(`${a}*`, a + b))
      assert.ok(matchSegment(`*${b}`, a + b))
      assert.equal(matchSegment('?'.repeat(a.length), b), a.length === b.length)
    }),
  )
})

test('no rules make it throw or take long', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('*', '/', '!', '[', ']', '-', 'a', '\\', '\n', '?', '^') }),
      fc.stringMatching(/^[a/]{1,20}$/),
      (rules, path) => {
        const ignore = parseDockerignore(rules)
        ignore.isIgnored(path)
        ignore.mayHaveExceptions(path)
      },
    ),
    { numRuns: 1000 },
  )
  const hostile = parseDockerignore('**/*a*a*a*a*a*a*b\n'.repeat(50))
  const start = performance.now()
  assert.ok(!hostile.isIgnored(`${'a'.repeat(200)}/${'a'.repeat(200)}`))
  assert.ok(performance.now() - start < 2000)
})
