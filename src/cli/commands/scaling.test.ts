import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../framework/usage-error.ts'
import { parseBounds } from './autoscale/set-autoscale.ts'
import { cloneConfig, type CloneChanges } from './machine/clone-config.ts'
import { updateConfig } from './machine/update-config.ts'
import { megabytesOf } from './scale/vm-flags.ts'

test('bounds are min and max, in any order, each once', () => {
  assert.deepEqual(parseBounds(['min=1', 'max=10']), { min: 1, max: 10 })
  assert.deepEqual(parseBounds(['max=3']), { max: 3 })
  for (const words of [['1', '10'], ['min=x'], ['min=1', 'min=2'], ['count=3'], ['min=-1'], ['min=0']])
    assert.throws(() => parseBounds(words), UsageError)
})
test('memory is megabytes, or has a unit', () => {
  assert.deepEqual(
    ['1024', '1gb', '512mb', '1.5g'].map((typed) => megabytesOf('memory', typed)),
    [1024, 1024, 512, 1536],
  )
  for (const typed of ['', '0', 'much', '512kb', '-1']) assert.throws(() => megabytesOf('memory', typed), UsageError)
})

const nothing: CloneChanges = { env: {}, guest: undefined, command: undefined, clearsCommand: false, clearsAutoDestroy: false, standbyFor: [] }
const source = {
  image: 'img',
  env: { A: '1' },
  auto_destroy: true,
  standbys: ['x'],
  init: { entrypoint: ['e'], cmd: ['c'] },
  unknown: { kept: true },
}

test('a clone has all of its source but what that stands by for, and what is asked to be otherwise', () => {
  const { standbys: _standbys, ...rest } = source
  assert.deepEqual(cloneConfig(source, 'id', nothing), rest)
  assert.deepEqual(
    cloneConfig(source, 'id', {
      ...nothing,
      env: { B: '2' },
      command: 'node "my job.js"',
      clearsAutoDestroy: true,
      standbyFor: ['source', 'other'],
    }),
    {
      image: 'img',
      env: { A: '1', B: '2' },
      init: { entrypoint: ['e'], cmd: ['node', 'my job.js'] },
      unknown: { kept: true },
      standbys: ['id', 'other'],
    },
  )
  assert.deepEqual(cloneConfig(source, 'id', { ...nothing, clearsCommand: true }).init, { entrypoint: ['e'] })
  assert.throws(() => cloneConfig(source, 'id', { ...nothing, command: 'open "quote' }), UsageError)
})

const typed = {
  app: undefined,
  config: undefined,
  json: false,
  port: [],
  env: {},
  metadata: {},
  image: undefined,
  command: undefined,
  'vm-size': undefined,
  'vm-memory': undefined,
  'vm-cpus': undefined,
  'vm-cpu-kind': undefined,
  'machine-config': undefined,
  autostart: true,
  autostop: undefined,
  restart: undefined,
  schedule: undefined,
  entrypoint: undefined,
} as const
test('an update changes what its flags name, and nothing else', () => {
  const before = {
    image: 'img',
    services: [{ internal_port: 8080, autostop: true, autostart: true }],
    guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 },
  }
  assert.deepEqual(
    updateConfig(before, typed, () => false),
    before,
  )
  assert.deepEqual(
    updateConfig(before, { ...typed, autostop: 'off', 'vm-memory': '512' }, (name) => name === 'autostop'),
    {
      ...before,
      services: [{ internal_port: 8080, autostop: false, autostart: true }],
      guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 512 },
    },
  )
  assert.deepEqual(
    updateConfig(before, { ...typed, image: 'next', restart: 'no', command: 'a b' }, () => false),
    {
      ...before,
      image: 'next',
      restart: { policy: 'no' },
      init: { cmd: ['a', 'b'] },
    },
  )
})
