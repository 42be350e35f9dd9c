import { strict as assert } from 'node:assert'
import { edgeStatus } from '../testkit/edge-status.ts'
import { ask } from '../testkit/http.ts'
import type { TestPlatform } from '../testkit/platform.ts'
import { until } from '../testkit/until.ts'
import { isStill, machineProcesses, type MachineProcess } from './machine-processes.ts'

export interface SeenMachine {
  readonly id: string
  readonly state: string
  readonly region: string
  readonly config: { readonly metadata?: Readonly<Record<string, string>> }
}
const restStates = ['started', 'stopped', 'suspended', 'created']
const settleMs = 30_000

/** Holds at every moment, also between a crash and the return: no machine has two runs. Undefined when it holds. */
export async function twoRunsOfOneMachine(home: string): Promise<string | undefined> {
  const byMachine = Map.groupBy(await machineProcesses(home), (found) => found.machine)
  for (const [machine, processes] of byMachine) {
    // The look takes a while: one that was seen first may have ended before the other began.
    const alive = await filterAsync(processes, isStill)
    const again = await filterAsync(alive, isStill)
    const runs = new Set(again.map((found) => found.run))
    if (runs.size > 1) return `machine ${machine} has ${runs.size} runs: ${again.map((found) => `${found.run} (pid ${found.pid})`).join(', ')}`
  }
  return undefined
}

/** Watches `twoRunsOfOneMachine` until it is disposed. */
export function watchRuns(home: string): AsyncDisposable & { readonly violations: readonly string[] } {
  const violations: string[] = []
  const ending = new AbortController()
  const watching = (async () => {
    while (!ending.signal.aborted) {
      const found = await twoRunsOfOneMachine(home)
      if (found !== undefined) violations.push(found)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })()
  return {
    violations,
    async [Symbol.asyncDispose]() {
      ending.abort()
      await watching
    },
  }
}

/** Every machine at rest, processes of just those that are up, none that no record speaks of. Resolves with each app's machines once it holds. */
export async function settled<App extends string>(
  platform: TestPlatform,
  apps: readonly App[],
): Promise<Readonly<Record<App, readonly SeenMachine[]>>> {
  return until(
    'records and processes agree',
    async () => {
      const lists = await Promise.all(apps.map((app) => platform.api<readonly SeenMachine[]>('GET', `/v1/apps/${app}/machines`)))
      const machines = lists.flatMap(({ body }) => body)
      const restless = machines.filter((machine) => !restStates.includes(machine.state))
      assert.deepEqual(restless, [], 'machines that do not come to rest')
      const processes = Map.groupBy(await machineProcesses(platform.home), (found: MachineProcess) => found.machine)
      const withRun = machines.filter((machine) => machine.state === 'started' || machine.state === 'suspended').map((machine) => machine.id)
      assert.deepEqual([...processes.keys()].toSorted(), withRun.toSorted(), 'machines with processes, and those that should have some')
      return Object.fromEntries(apps.map((app, index) => [app, lists[index]?.body ?? []])) as unknown as Record<App, readonly SeenMachine[]>
    },
    settleMs,
    100,
  )
}

/** Every edge knows control again, holds nobody without need, and routes only to what runs: a machine that sleeps and may not be woken is not asked. */
export async function edgesAgree(platform: TestPlatform, app: string, machines: readonly SeenMachine[]): Promise<void> {
  for (const region of platform.regions) {
    await until(
      `the edge of ${region} is connected`,
      async () => {
        const status = await edgeStatus(platform, region)
        return status.routes.connected && status.sessions.every((session) => session.connected)
      },
      settleMs,
    )
    for (const machine of machines) {
      const isUp = machine.state === 'started'
      await until(
        `${region} ${isUp ? 'reaches' : 'does not ask'} ${machine.id}`,
        async () => {
          const answer = await ask({
            port: platform.edgePort(region),
            host: `${app}.localhost`,
            headers: { 'fly-force-instance-id': machine.id },
            timeoutMs: 15_000,
          })
          return isUp ? answer.status === 200 && (JSON.parse(answer.body) as { machine: string }).machine === machine.id : answer.status === 503
        },
        settleMs,
      )
    }
  }
}

async function filterAsync<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<readonly T[]> {
  const held = await Promise.all(items.map(holds))
  return items.filter((_item, index) => held[index])
}
