import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../testkit/until.ts'
import { deploysOf, service } from './deploy-fixture.ts'
import { openTestControl, token } from './open-test-control.ts'

test('releases beyond the newest go, their bundles and layers with them; what can be rolled back to stays', async () => {
  await using at = await openTestControl({ options: { keepReleases: 2, retention: { everyMs: 50, graceMs: 2_000 } } })
  const web = deploysOf(at)
  await at.ok('POST', '/v1/apps', { name: 'web' })
  const images: string[] = []
  for (const v of ['1', '2', '3', '4']) {
    const image = await until('the bundle outlives its sweep until it is deployed', async () => {
      const bytes = Buffer.from(`source ${v}`)
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
      await at.control.api(
        new Request(`http://127.0.0.1/v1/kante/layers/${digest}`, { method: 'PUT', headers: { authorization: `Bearer ${token}` }, body: bytes }),
      )
      const built = await at.call('POST', '/v1/kante/apps/web/bundles', { source: digest, start: { kind: 'command', argv: ['node', 'x'] } })
      const made = (JSON.parse((built.body as string).trim().split('\n').at(-1)!) as { image?: string }).image
      if (made === undefined) return undefined
      const begun = await at.call('POST', '/v1/kante/apps/web/deploys', {
        image: made,
        groups: { app: { env: { V: v }, services: [service] } },
        primaryRegion: 'cdg',
        ha: false,
      })
      if (begun.status !== 202) return undefined
      assert.equal((await web.finish(begun.body as { id: string })).status.status, 'complete')
      return made
    })
    images.push(image)
  }
  await until('the old releases are gone', async () => (await web.releases()).length === 2, 20_000)
  assert.deepEqual(
    (await web.releases()).map(({ image }) => image),
    images.slice(2).toReversed(),
  )
  await until('only two layers are left', async () => (await readdir(join(at.dir, 'control', 'layers'))).length === 2, 20_000)
  const { status } = await web.finish(await at.ok('POST', '/v1/kante/apps/web/rollback', {}))
  assert.equal(status.status, 'complete')
})
