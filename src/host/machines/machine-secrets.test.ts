import { strict as assert } from 'node:assert'
import { inspect } from 'node:util'
import { describe, test } from 'node:test'
import { ManualClock } from '../../../test/testkit/manual-clock.ts'
import { openLog } from '../../kit/log.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import type { SecretsWanted } from '../../protocol/secret-source.ts'
import { openMachineSecrets } from './machine-secrets.ts'

const machineOf = (id: string, release?: number, app = 'web'): DesiredMachine =>
  ({
    id,
    app,
    config: {
      image: 'x',
      ...(release === undefined ? {} : { metadata: { fly_release_version: String(release), fly_release_id: `release-${release}` } }),
    },
  }) as unknown as DesiredMachine

function fixture() {
  const clock = new ManualClock()
  const asked: SecretsWanted[] = []
  const lines: string[] = []
  const machines: DesiredMachine[] = []
  const at = {
    answer: async (wanted: SecretsWanted): Promise<Record<string, string>> => ({ KEY: `value of ${wanted.app} ${wanted.release ?? 'now'}` }),
  }
  const secrets = openMachineSecrets({
    source: {
      secretsOf: (wanted) => {
        asked.push(wanted)
        return at.answer(wanted)
      },
    },
    desired: () => machines,
    clock,
    log: openLog(
      (line) => lines.push(line),
      () => clock.now(),
    ),
  })
  const away = async () => {
    throw fault('secrets_unavailable', { app: 'web', reason: 'control is away' })
  }
  return { clock, asked, lines, machines, at, secrets, away }
}

describe('the secrets of machines', () => {
  test('of a release are asked for once: a wake needs nobody', async () => {
    const { secrets, asked, at, away } = fixture()
    await secrets.prepare(machineOf('a', 3))
    at.answer = away
    assert.deepEqual(await secrets.of(machineOf('a', 3)), { KEY: 'value of web 3' })
    assert.deepEqual(await secrets.of(machineOf('b', 3)), { KEY: 'value of web 3' })
    assert.deepEqual(asked, [{ app: 'web', machine: 'a', release: 3 }])
  })

  test('of a machine that no release made are the newest, or the copy while control is away', async () => {
    const { secrets, at, away, lines } = fixture()
    await secrets.of(machineOf('a'))
    at.answer = async () => ({ KEY: 'newer' })
    assert.deepEqual(await secrets.of(machineOf('a')), { KEY: 'newer' })
    at.answer = away
    assert.deepEqual(await secrets.of(machineOf('a')), { KEY: 'newer' })
    assert.equal(lines.length, 1)
    assert.ok(!lines[0]!.includes('newer'))
  })

  test('that do not come are waited for two seconds, then the copy is used, or the start fails for now', async () => {
    const { secrets, at, clock } = fixture()
    await secrets.of(machineOf('a'))
    at.answer = () => new Promise(() => undefined)
    const [known, unknown] = [secrets.of(machineOf('a')), secrets.of(machineOf('b', 9))]
    const refused = assert.rejects(unknown, (error) => isFault(error, 'secrets_unavailable'))
    await clock.advance(2_000)
    assert.deepEqual(await known, { KEY: 'value of web now' })
    await refused
    assert.equal(clock.pending, 0)
  })

  test('are no copy’s to give when control refuses', async () => {
    const { secrets, at } = fixture()
    await secrets.of(machineOf('a'))
    at.answer = async () => {
      throw fault('machine_not_found', { id: 'a' })
    }
    await assert.rejects(secrets.of(machineOf('a')), (error) => isFault(error, 'machine_not_found'))
  })

  test('are forgotten when no machine here needs them, and never show', async () => {
    const { secrets, machines, asked } = fixture()
    await secrets.of(machineOf('a', 1))
    machines.push(machineOf('a', 2))
    await secrets.of(machineOf('a', 2))
    await secrets.of(machineOf('a', 1))
    assert.deepEqual(
      asked.map(({ release }) => release),
      [1, 2, 1],
    )
    assert.ok(!inspect(secrets, { depth: 9, showHidden: true }).includes('value of'))
  })
})
