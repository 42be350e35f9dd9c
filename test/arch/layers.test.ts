import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { test } from 'node:test'
import { layers, never, pure, pureMayImport } from './layers.ts'
import { root, sources } from './sources.ts'

const order: readonly string[] = layers.map((layer) => layer.name)
const layerOf = (path: string) => relative(join(root, 'src'), path).split(sep)[0] ?? ''
const importsOf = (text: string) =>
  [...text.matchAll(/^\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  )
const isTest = (path: string) => path.endsWith('.test.ts')

const edges = sources('src')
  .filter((path) => !isTest(path) && path.endsWith('.ts'))
  .flatMap((path) => importsOf(readFileSync(path, 'utf8')).map((target) => ({ path, target })))

test('every folder of src is in the layer table', () => {
  const unknown = new Set(
    sources('src')
      .map(layerOf)
      .filter((name) => !order.includes(name)),
  )
  assert.deepEqual([...unknown], [])
})

test('a folder imports only from the folders above it', () => {
  const wrong = edges
    .filter(({ target }) => target.startsWith('.'))
    .map(({ path, target }) => ({ path: relative(root, path), from: layerOf(path), to: layerOf(normalize(join(dirname(path), target))) }))
    .filter(({ from, to }) => from !== to && (order.indexOf(to) > order.indexOf(from) || never.some((edge) => edge.from === from && edge.to === to)))
    .map(
      ({ path, from, to }) => `${path}: ${from} imports ${to}: ${never.find((edge) => edge.from === from && edge.to === to)?.why ?? 'it lies below'}`,
    )
  assert.deepEqual(wrong, [])
})

test('pure layers import no platform module and tell no time', () => {
  const wrong = edges
    .filter(
      ({ path, target }) => (pure as readonly string[]).includes(layerOf(path)) && target.startsWith('node:') && !pureMayImport.includes(target),
    )
    .map(({ path, target }) => `${relative(root, path)} imports ${target}`)
  const impure = sources('src')
    .filter((path) => (pure as readonly string[]).includes(layerOf(path)) && !isTest(path))
    .filter((path) => /\bDate\.now\(|\bMath\.random\(|\bperformance\.now\(|\bsetTimeout\(|new Date\(\)/.test(readFileSync(path, 'utf8')))
    .map((path) => `${relative(root, path)} reads a clock or a die`)
  assert.deepEqual([...wrong, ...impure], [])
})
