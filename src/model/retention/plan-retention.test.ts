import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { App, Bundle, Release } from '../app.ts'
import type { DeployRecord } from '../deploy/deploy-record.ts'
import type { AppName, Digest } from '../ids.ts'
import type { MachineConfig } from '../machine/machine-config.ts'
import { planRetention } from './plan-retention.ts'

const app = 'web' as AppName
const digest = (number: number) => `sha256:${number}` as Digest
const release = (version: number, status: Release['status'] = 'complete') =>
  ({ app, version, status, image: `bundle@${digest(version)}` }) as unknown as Release
const bundle = (number: number, ageMs = 1e9) =>
  ({ app, digest: digest(number), createdAt: new Date(2e12 - ageMs).toISOString(), layers: [{ digest: digest(number + 1000) }] }) as unknown as Bundle
const machine = (version: number, image = version) => ({
  app,
  config: { image: `bundle@${digest(image)}`, metadata: { fly_release_version: String(version) } } as MachineConfig,
})
const rules = { releases: 3, graceMs: 60_000 }
const base = { apps: [{ name: app } as App], releases: [], deploys: [], machines: [], bundles: [], nowMs: 2e12 }

test('the newest releases stay, and older ones that are live or that a machine has', () => {
  const releases = [1, 2, 3, 4, 5, 6].map((version) => release(version, version > 3 ? 'failed' : 'complete'))
  const plan = planRetention({ ...base, releases, machines: [machine(1)] }, rules)
  assert.deepEqual(
    plan.releases.map(({ version }) => version),
    [2],
  )
})

test('bundles that no release, machine or running deploy names go, young ones stay', () => {
  const deploys = [{ status: 'running', image: `bundle@${digest(7)}`, former: { f0: { image: `bundle@${digest(8)}` } } } as unknown as DeployRecord]
  const bundles = [...[1, 2, 7, 8, 9].map((number) => bundle(number)), bundle(10, 1000)]
  const plan = planRetention({ ...base, releases: [release(1)], machines: [machine(1, 2)], deploys, bundles }, rules)
  assert.deepEqual(plan.bundles, [digest(9)])
  assert.ok(plan.usedLayers.has(digest(1010)))
  assert.ok(!plan.usedLayers.has(digest(1009)))
})

test('of an app that is gone nothing stays', () => {
  const plan = planRetention({ ...base, apps: [], releases: [release(1)], bundles: [bundle(1, 1000)] }, rules)
  assert.deepEqual([plan.releases.length, plan.bundles.length, plan.usedLayers.size], [1, 1, 0])
})

test('whatever there is, what machines and kept releases need stays', () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 12 }))
  fc.assert(
    fc.property(numbers, numbers, numbers, fc.integer({ min: 1, max: 6 }), (versions, running, made, keep) => {
      const releases = versions.toSorted((a, b) => a - b).map((version) => release(version, version % 2 ? 'complete' : 'failed'))
      const plan = planRetention(
        { ...base, releases, machines: running.map((version) => machine(version)), bundles: made.map((number) => bundle(number)) },
        { ...rules, releases: keep },
      )
      const kept = releases.filter(({ version }) => !plan.releases.some((gone) => gone.version === version))
      assert.ok(kept.length >= Math.min(keep, releases.length))
      for (const needed of [...running, ...kept.map(({ version }) => version)]) {
        assert.ok(!plan.bundles.includes(digest(needed)))
        if (made.includes(needed)) assert.ok(plan.usedLayers.has(digest(needed + 1000)))
      }
    }),
  )
})
