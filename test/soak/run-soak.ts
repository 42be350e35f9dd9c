import { strict as assert } from 'node:assert'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { plainApp } from '../testkit/app.ts'
import { openLoad } from '../testkit/load.ts'
import { edgeStatus } from '../testkit/edge-status.ts'
import { ask } from '../testkit/http.ts'
import { openTestPlatform, type TestPlatform } from '../testkit/platform.ts'
import { faults, type FaultKind } from './faults.ts'
import { edgesAgree, settled, watchRuns } from './invariants.ts'
import { openLedger } from './ledger.ts'
import { seeded } from './seeded.ts'

export interface SoakOptions {
  readonly seed: number
  readonly seconds: number
  readonly report: (line: string) => void
  /** Only faults whose name holds this. */
  readonly only?: string
}
export interface SoakResult {
  readonly rounds: number
  readonly acknowledged: number
  readonly answered: number
}

/** Its machines are stopped and started by the ledger alone. */
const app = 'soak'
const appToml = `app = "${app}"
primary_region = "fra"
[http_service]
internal_port = 8080
auto_start_machines = false
auto_stop_machines = "off"
`
/** Nobody touches it: its requests must be answered. */
const steady = 'steady'
/** Sleeps as soon as nobody asks: its requests are held until it is awake, also by a daemon that has to come back first. */
const sleepy = 'sleepy'
const apps = [app, steady, sleepy] as const

/**
 * A platform under load and changes, struck at moments that the seed decides, one fault after the other. After each, and at every moment of it, what must hold
 * is looked at from outside: processes in /proc, answers of edges, what the API acknowledged.
 */
export async function runSoak({ seed, seconds, report, only = '' }: SoakOptions): Promise<SoakResult> {
  const chance = seeded(seed)
  const kinds = faults.filter((kind) => kind.name.includes(only))
  await using platform = await openTestPlatform({ regions: ['fra', 'cdg'], flags: ['--idle-timeout', '500ms'] })
  for (const name of apps) {
    await using project = await plainApp(name, { check: false, ...(name === sleepy ? { autostop: 'stop' } : {}) })
    if (name === app) await project.write('fly.toml', appToml)
    await platform.kante(['apps', 'create', name])
    await platform.kante(['deploy', '--ha=false'], { cwd: project.dir })
    if (name !== sleepy) await platform.kante(['scale', 'count', '2', '--region', 'fra,cdg', '-a', name, '-y'])
  }
  const ids = (await settled(platform, apps))[app].map((machine) => machine.id)
  await using runs = watchRuns(platform.home)
  await using ledger = openLedger(platform, app, ids, seeded(seed + 1))
  const deadline = performance.now() + seconds * 1000
  let rounds = 0
  let answered = 0

  for (const order = inTurns(kinds, chance); performance.now() < deadline; rounds++) {
    await using evidence = openEvidence(platform, seed, report)
    const kind = order()
    const atMs = chance.between(50, 600)
    report(`round ${rounds}: ${kind.name} after ${Math.round(atMs)} ms`)
    await using load = await openLoad({ port: platform.edgePort('cdg'), host: `${steady}.localhost`, perSecond: 40 })
    ledger.resume()
    await new Promise((resolve) => setTimeout(resolve, atMs))
    const visitAfterMs = chance.between(0, 400)
    const [visit] = await Promise.all([visitSleepy(platform, visitAfterMs), kind.strike(platform, chance)])
    await ledger.rest()
    const { failed, failures, answered: more } = await load.stop()
    answered += more
    if (kind.isSilent) assert.equal(failed, 0, `requests failed: ${failures.join('; ')}`)
    if (kind.isSilent) assert.equal(visit, '200', 'a request for a machine that slept')
    const machines = await settled(platform, apps)
    await ledger.check(machines[app])
    for (const name of [app, steady] as const) await edgesAgree(platform, name, machines[name])
    assert.equal(await visitSleepy(platform, 0), '200', 'the machine that sleeps can be woken')
    assert.deepEqual(runs.violations, [])
    evidence.drop()
  }
  return { rounds, acknowledged: ledger.acknowledged, answered }
}

/** Unless it is dropped, the platform's logs are kept when it goes, and what its edges say is reported. */
function openEvidence(platform: TestPlatform, seed: number, report: (line: string) => void): AsyncDisposable & { drop(): void } {
  let isDropped = false
  return {
    drop: () => (isDropped = true),
    async [Symbol.asyncDispose]() {
      if (isDropped) return
      const kept = join(tmpdir(), `kante-soak-${seed}`)
      await cp(platform.home, kept, { recursive: true, filter: (path) => !/\/(machines|bundles|layers|run)$/.test(path) })
      report(`logs kept in ${kept}`)
      for (const region of platform.regions) {
        const status = await edgeStatus(platform, region).catch((error: unknown) => String(error))
        report(`${region}: ${JSON.stringify(status)}`)
      }
    },
  }
}

async function visitSleepy(platform: TestPlatform, afterMs: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, afterMs))
  try {
    const { status, body } = await ask({ port: platform.edgePort('cdg'), host: `${sleepy}.localhost` })
    return status === 200 ? '200' : `${status} ${body}`
  } catch (error) {
    return String(error)
  }
}

/** All kinds in a random order before one comes again: a short run strikes as many as it can. */
function inTurns(kinds: readonly FaultKind[], chance: ReturnType<typeof seeded>): () => FaultKind {
  let left: FaultKind[] = []
  return () => {
    if (left.length === 0) left = [...kinds]
    const kind = chance.pick(left)
    left.splice(left.indexOf(kind), 1)
    return kind
  }
}
