import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { choice, duration, integer, lists, pairs, text, texts, toggle, type Flags } from './flag.ts'
import { parseFlags } from './parse-flags.ts'
import { UsageError } from './usage-error.ts'

const flags = {
  app: text({ short: 'a', help: '' }),
  json: toggle({ short: 'j', help: '' }),
  ha: toggle({ help: '', byDefault: true }),
  'no-tail': toggle({ short: 'n', help: '' }),
  env: pairs({ short: 'e', help: '' }),
  region: lists({ short: 'r', help: '' }),
  timeout: integer({ help: '', min: 1, max: 600 }),
  'wait-timeout': duration({ short: 'w', help: '', byDefaultMs: 5000 }),
  autostop: choice({ help: '', choices: ['off', 'stop', 'suspend'], alone: 'stop' }),
  each: texts({ help: '' }),
} as const
const valuesOf = (argv: readonly string[]) => {
  const line = parseFlags(flags, argv)
  const value = <Name extends keyof typeof flags>(name: Name) => (flags as Flags)[name]?.parse(line.typed.get(name) ?? [], name)
  return { words: line.words, value }
}

test('short flags combine, and the last of a cluster may take its value with or without a space', () => {
  for (const argv of [['-jna', 'web'], ['-jnaweb'], ['-jna=web'], ['-j', '-n', '-a', 'web'], ['--json', '--no-tail', '--app=web']]) {
    const { value, words } = valuesOf(argv)
    assert.deepEqual([value('json'), value('no-tail'), value('app'), words], [true, true, 'web', []], argv.join(' '))
  }
})

test('a toggle takes a value only after an equals sign', () => {
  assert.equal(valuesOf(['--ha=false']).value('ha'), false)
  assert.equal(valuesOf(['--ha=0']).value('ha'), false)
  const { value, words } = valuesOf(['--ha', 'false'])
  assert.equal(value('ha'), true)
  assert.deepEqual(words, ['false'])
  assert.throws(() => valuesOf(['--ha=maybe']).value('ha'), UsageError)
})

test('a flag that means something alone does not swallow the word behind it', () => {
  const { value, words } = valuesOf(['--autostop', 'suspend'])
  assert.equal(value('autostop'), 'stop')
  assert.deepEqual(words, ['suspend'])
  assert.equal(valuesOf(['--autostop=suspend']).value('autostop'), 'suspend')
})

test('flags and words mix, and everything after -- is a word', () => {
  const { value, words } = valuesOf(['node', '-a', 'web', 'job.js', '--', '--json', '-x'])
  assert.equal(value('app'), 'web')
  assert.equal(value('json'), false)
  assert.deepEqual(words, ['node', 'job.js', '--json', '-x'])
})

test('a negative number is a word', () => {
  assert.deepEqual(valuesOf(['-1']).words, ['-1'])
})

test('pairs keep later equals signs, lists split at commas, the last of several single values counts', () => {
  const { value } = valuesOf(['-e', 'A=1=2', '-eB=', '-r', 'fra,cdg', '--region=iad', '-a', 'one', '-a', 'two', '--each', 'x,y'])
  assert.deepEqual(value('env'), { A: '1=2', B: '' })
  assert.deepEqual(value('region'), ['fra', 'cdg', 'iad'])
  assert.equal(value('app'), 'two')
  assert.deepEqual(value('each'), ['x,y'])
})

test('durations are Go durations or bare seconds', () => {
  assert.equal(valuesOf(['-w', '1m30s']).value('wait-timeout'), 90_000)
  assert.equal(valuesOf(['-w', '10']).value('wait-timeout'), 10_000)
  assert.equal(valuesOf([]).value('wait-timeout'), 5000)
})

test('what is wrong is named, with the flag that was probably meant', () => {
  assert.throws(() => parseFlags(flags, ['--regoin', 'fra']), { message: 'unknown flag --regoin', hint: 'did you mean --region?' })
  assert.throws(() => parseFlags(flags, ['-jx']), { message: 'unknown flag -x in -jx' })
  assert.throws(() => parseFlags(flags, ['--app']), { message: '--app needs a value' })
  assert.throws(() => valuesOf(['--timeout', '0']).value('timeout'), { message: '--timeout: found "0", allowed is a whole number 1–600' })
  assert.throws(() => valuesOf(['-e', 'A']).value('env'), { message: '--env: found "A", allowed is NAME=VALUE' })
  assert.throws(() => parseFlags(flags, ['--toString']), UsageError)
  assert.throws(() => parseFlags(flags, ['--__proto__=1']), UsageError)
})

test('property: any command line is parsed, or refused with a usage error', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom('-j', '-a', '--app', '--env', '--', '-', '--=', '-=')), { maxLength: 12 }), (argv) => {
      try {
        const line = parseFlags(flags, argv)
        for (const [name, flag] of Object.entries(flags as Flags)) flag.parse(line.typed.get(name) ?? [], name)
      } catch (error) {
        if (!(error instanceof UsageError) && (error as Error).name !== 'Fault') throw error
      }
    }),
  )
})

test('property: a value comes back as it was given, in each of the ways to give it', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.constantFrom('long', 'equals', 'short', 'glued'), (value, form) => {
      // A glued value must not look like the = form.
      fc.pre(form !== 'glued' || !value.startsWith('='))
      const argv = { long: ['--app', value], equals: [`--app=${value}`], short: ['-a', value], glued: [`-a${value}`] }[form]
      assert.equal(parseFlags(flags, argv).typed.get('app')?.[0], value)
    }),
  )
})
