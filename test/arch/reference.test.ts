import { strict as assert } from 'node:assert'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { readFileSync } from 'node:fs'
import { catalogue } from '../../src/model/fault/catalogue.ts'
import { referencePages } from '../../tools/reference/pages.ts'
import { root, sources } from './sources.ts'

test('the generated references are those of this code (npm run gen)', async () => {
  for (const [name, text] of Object.entries(await referencePages()))
    assert.equal(await readFile(join(root, 'docs', 'reference', name), 'utf8'), text, `docs/reference/${name} is stale`)
})

test('every fault of the catalogue is raised somewhere', () => {
  const code = sources('src')
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !relative(root, path).startsWith('src/model/fault/'))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n')
  const unused = Object.keys(catalogue).filter((name) => !new RegExp(`['"]${name}['"]`).test(code))
  assert.deepEqual(unused, [])
})
