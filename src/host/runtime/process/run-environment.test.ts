import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { parseAppName, parseInstanceId, parseMachineId, parseRegionCode } from '../../../model/ids.ts'
import type { RunSpec } from '../runtime-contract.ts'
import { runEnvironment } from './run-environment.ts'

const spec: RunSpec = {
  machine: parseMachineId('0123456789abcd'),
  app: parseAppName('app'),
  region: parseRegionCode('fra'),
  instanceId: parseInstanceId('01HXXXXXXXXXXXXXXXXXXXXXXX'),
  image: 'bundle@sha256:0',
  env: { FLY_REGION: 'fra' },
  endpoint: { address: '127.5.0.2' },
  ports: [3000, 9090],
  memoryMb: 256,
}
const options = { path: '/bin', home: '/m/home', imageEnv: {}, preloadDir: '/k/preload' }

test('a machine gets its own variables, PATH, HOME and what binding needs', () => {
  assert.deepEqual(runEnvironment(spec, options), {
    HOME: '/m/home',
    PORT: '3000',
    HOST: '127.5.0.2',
    FLY_REGION: 'fra',
    PATH: '/bin',
    KANTE_BIND_ADDRESS: '127.5.0.2',
    KANTE_BIND_PORTS: '3000,9090',
    NODE_OPTIONS: '--require /k/preload/preload.cjs',
    BUN_OPTIONS: '--preload /k/preload/preload.cjs',
    PYTHONPATH: '/k/preload/python',
    DENO_SERVE_ADDRESS: 'tcp:127.5.0.2:3000',
  })
})

test('the machine’s variables win over the image’s, and both over ours', () => {
  const env = runEnvironment(
    { ...spec, env: { PORT: '1', A: 'machine' } },
    { ...options, imageEnv: { A: 'image', B: 'image', HOST: '0.0.0.0', PATH: '/usr/src/app/bin' } },
  )
  assert.deepEqual([env['PORT'], env['A'], env['B'], env['HOST'], env['PATH']], ['1', 'machine', 'image', '0.0.0.0', '/bin'])
})

test('options of the program’s own are kept beside the preload', () => {
  const env = runEnvironment(
    { ...spec, env: { NODE_OPTIONS: '--max-old-space-size=64', PYTHONPATH: '/lib' } },
    { ...options, preloadDir: '/with space' },
  )
  assert.equal(env['NODE_OPTIONS'], '--require "/with space/preload.cjs" --max-old-space-size=64')
  assert.equal(env['PYTHONPATH'], '/with space/python:/lib')
})

test('where ports are mapped, the program is told both', () => {
  const env = runEnvironment({ ...spec, endpoint: { address: '127.0.0.1', portMap: { 3000: 40_001 } } }, options)
  assert.deepEqual([env['PORT'], env['KANTE_BIND_PORTS']], ['40001', '3000:40001,9090'])
})
