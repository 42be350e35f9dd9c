import { strict as assert } from 'node:assert'
import type { TestPlatform } from '../testkit/platform.ts'
import type { Seeded } from './seeded.ts'
import type { SeenMachine } from './invariants.ts'

/** Changes the platform without pause and remembers what was acknowledged. */
export interface Ledger extends AsyncDisposable {
  readonly acknowledged: number
  /** Stops changing; what is under way ends first. */
  rest(): Promise<void>
  resume(): void
  /** Every acknowledged change is there; one that was never answered may be. */
  check(machines: readonly SeenMachine[]): Promise<void>
}

interface Wish {
  acknowledged: string | undefined
  /** Sent and not answered: may hold as well, until a later one is acknowledged. */
  possible: Set<string>
}

export function openLedger(platform: TestPlatform, app: string, ids: readonly string[], chance: Seeded): Ledger {
  const values = new Map<string, Wish>(ids.map((id) => [id, { acknowledged: undefined, possible: new Set() }]))
  const states = new Map<string, Wish>(ids.map((id) => [id, { acknowledged: undefined, possible: new Set() }]))
  const apps = new Set<string>()
  let acknowledged = 0
  let counter = 0
  let running: Promise<void> | undefined
  let resting = new AbortController()

  /** True when the platform said yes, false when it said no, undefined when nobody knows. */
  const send = async (method: string, path: string, body?: unknown): Promise<boolean | undefined> => {
    try {
      const { status } = await platform.api(method, path, body)
      if (status < 300) acknowledged++
      return status < 300 ? true : status >= 500 || status === 408 ? undefined : false
    } catch {
      // The daemon was killed before its answer, or is not there.
      return undefined
    }
  }
  const wish = async (of: Wish, value: string, send: () => Promise<boolean | undefined>) => {
    of.possible.add(value)
    const outcome = await send()
    if (outcome === false) of.possible.delete(value)
    if (outcome !== true) return
    of.acknowledged = value
    of.possible = new Set()
  }
  const change = async () => {
    const id = chance.pick(ids)
    const value = `v${++counter}`
    const kind = chance.fraction()
    if (kind < 0.6) {
      await wish(values.get(id) as Wish, value, () => send('POST', `/v1/apps/${app}/machines/${id}/metadata/soak`, { value }))
    } else if (kind < 0.9) {
      const action = chance.pick(['start', 'stop'] as const)
      await wish(states.get(id) as Wish, action === 'start' ? 'started' : 'stopped', () =>
        send('POST', `/v1/apps/${app}/machines/${id}/${action}`, {}),
      )
    } else {
      const name = `soak-${counter}`
      if (await send('POST', '/v1/apps', { app_name: name, org_slug: 'personal' })) apps.add(name)
    }
  }
  const run = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      await change()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const ledger: Ledger = {
    get acknowledged() {
      return acknowledged
    },
    async rest() {
      resting.abort()
      await running
    },
    resume() {
      resting = new AbortController()
      running = run(resting.signal)
    },
    async check(machines) {
      for (const machine of machines) {
        const value = values.get(machine.id)
        const found = machine.config.metadata?.['soak']
        if (value?.acknowledged !== undefined || found !== undefined)
          assert.ok(
            found === value?.acknowledged || value?.possible.has(found ?? ''),
            `${machine.id}: metadata ${found}, acknowledged ${value?.acknowledged}`,
          )
        const state = states.get(machine.id)
        if (state?.acknowledged !== undefined && state.possible.size === 0)
          assert.equal(machine.state, state.acknowledged, `the state of ${machine.id}`)
      }
      const { body } = await platform.api<{ readonly apps: readonly { readonly name: string }[] }>('GET', '/v1/apps?org_slug=personal')
      const there = new Set(body.apps.map((each) => each.name))
      assert.deepEqual(
        [...apps].filter((name) => !there.has(name)),
        [],
        'acknowledged apps that are gone',
      )
    },
    [Symbol.asyncDispose]: () => ledger.rest(),
  }
  return ledger
}
