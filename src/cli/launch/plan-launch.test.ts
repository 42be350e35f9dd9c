import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { projectOf } from '../../build/detect/project-files.ts'
import { parseFlyToml } from '../../fly-toml/parse-fly-toml.ts'
import { parseAppName } from '../../model/ids.ts'
import { nameOfFolder } from './app-name.ts'
import { planLaunch } from './plan-launch.ts'

const plan = (files: Readonly<Record<string, string>>, more: Partial<Parameters<typeof planLaunch>[0]> = {}) =>
  planLaunch({ dir: '/project', files: projectOf(files), dockerfile: undefined, image: undefined, internalPort: undefined, env: {}, ...more })
const configOf = (found: ReturnType<typeof plan>) => parseFlyToml('fly.toml', found.flyToml({ name: 'a', region: 'fra', writtenAt: 'now' })).config

test('every name made of a folder is a name that an app may have', () => {
  assert.deepEqual(['My Shop', 'café_2', '2048-game', 'a--b', '___', '日本'].map(nameOfFolder), [
    'my-shop',
    'cafe-2',
    'game',
    'a-b',
    undefined,
    undefined,
  ])
  fc.assert(
    fc.property(fc.string({ maxLength: 24, unit: 'binary' }), (folder) => {
      const name = nameOfFolder(folder)
      if (name !== undefined) assert.equal(parseAppName(name), name)
    }),
  )
})

test('an existing Dockerfile gives the port, none is written, and only another name than Dockerfile stands in fly.toml', () => {
  const text = 'FROM node:20\nEXPOSE 4000\nCMD ["node", "x.js"]'
  const usual = plan({ 'x.js': '' }, { dockerfile: { path: 'Dockerfile', text } })
  assert.deepEqual(Object.keys(usual.files), ['.dockerignore'])
  assert.equal(configOf(usual).services[0]?.internalPort, 4000)
  assert.equal(configOf(usual).build.dockerfile, undefined)
  assert.equal(configOf(plan({}, { dockerfile: { path: 'docker/prod', text } })).build.dockerfile, 'docker/prod')
})

test('a health route in the program becomes a check, a typed port wins', () => {
  const found = plan({ 'package.json': '{}', 'index.js': 'app.get("/healthz", f); app.listen(3000)' }, { internalPort: 5000 })
  const [service] = configOf(found).services
  assert.deepEqual([service?.internalPort, service?.checks[0]?.path], [5000, '/healthz'])
})

test('an image needs no project, an unknown project needs an image or a Dockerfile', () => {
  assert.equal(configOf(plan({}, { image: 'registry.example/app:1' })).build.image, 'registry.example/app:1')
  assert.deepEqual(plan({}, { image: 'x' }).files, {})
  assert.throws(() => plan({ 'README.md': '' }), { code: 'no_start_command' })
  assert.throws(() => plan({}, { dockerfile: { path: 'Dockerfile', text: 'FROM scratch\nCOPY --from=b /x /x\nCMD ["/x"]' } }), {
    code: 'no_start_command',
  })
})
