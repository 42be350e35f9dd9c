import { strict as assert } from 'node:assert'
import { join } from 'node:path'
import { test } from 'node:test'
import { repository, run } from '../testkit/command.ts'
import { cleanEnvironment, openTestPlatform } from '../testkit/platform.ts'

test(
  'npm start deploys both examples to three regions, sees a sleep and a wake, and leaves nothing behind with --exit',
  { timeout: 150_000 },
  async () => {
    // Only for its free ports: the demo brings a platform of its own.
    await using ports = await openTestPlatform({ start: false })
    const demo = await run(
      process.execPath,
      [join(repository, 'tools', 'demo.ts'), '--exit', '--api-port', String(ports.apiPort), '--http-port', String(ports.edgePort('fra'))],
      { env: cleanEnvironment(), timeoutMs: 140_000 },
    )
    assert.equal(demo.code, 0, demo.stdout + demo.stderr)
    for (const region of ports.regions) assert.match(demo.stdout, new RegExp(`${region} +http://my-edge-app.*200 Hello from Fly Edge!`))
    assert.match(demo.stdout, /woken and answered in \d+ ms/)
    assert.match(demo.stdout, /All steps were right\./)
  },
)
