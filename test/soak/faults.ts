import { readFile } from 'node:fs/promises'
import { edgeStatus } from '../testkit/edge-status.ts'
import type { TestPlatform } from '../testkit/platform.ts'
import { until } from '../testkit/until.ts'
import type { Seeded } from './seeded.ts'

/** One thing that goes wrong; resolves when the platform has been asked to come back. */
export interface FaultKind {
  readonly name: string
  /** Nothing but the control plane is touched: no request may fail. */
  readonly isSilent: boolean
  readonly strike: (platform: TestPlatform, chance: Seeded) => Promise<void>
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const regionOf = (platform: TestPlatform, chance: Seeded) => chance.pick(platform.regions)
/** The keeper's death is noticed a moment later: what is looked at before that would only be the time before. */
async function killKeeper(platform: TestPlatform, region: string): Promise<void> {
  const pid = await keeperPid(platform, region)
  process.kill(pid, 'SIGKILL')
  await until(`a new keeper stands in ${region}`, async () => (await keeperPid(platform, region)) !== pid)
}
const keeperPid = async (platform: TestPlatform, region: string) =>
  (JSON.parse(await readFile(`${platform.home}/data/hosts/${region}/keeper.json`, 'utf8')) as { readonly pid: number }).pid

async function signalAt(pid: Promise<number>, signal: NodeJS.Signals): Promise<void> {
  try {
    process.kill(await pid, signal)
  } catch (error) {
    // It had gone by itself, or is only coming up.
    if (!['ESRCH', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
async function freeze(pid: number, ms: number): Promise<void> {
  await signalAt(Promise.resolve(pid), 'SIGSTOP')
  await pause(ms)
  await signalAt(Promise.resolve(pid), 'SIGCONT')
}

export const faults: readonly FaultKind[] = [
  {
    name: 'kill the daemon',
    isSilent: true,
    async strike(platform, chance) {
      await signalAt(platform.daemonPid(), 'SIGKILL')
      await pause(chance.between(0, 500))
      await platform.up()
    },
  },
  {
    name: 'kill the daemon while it starts',
    isSilent: true,
    async strike(platform, chance) {
      await signalAt(platform.daemonPid(), 'SIGKILL')
      const starting = platform.kante(['up', '--detach'], { mayFail: true })
      await pause(chance.between(200, 900))
      await signalAt(platform.daemonPid(), 'SIGKILL')
      await starting
      await platform.up()
    },
  },
  {
    name: 'freeze the daemon',
    isSilent: true,
    strike: async (platform, chance) => freeze(await platform.daemonPid(), chance.between(200, 1_500)),
  },
  {
    name: 'kill an edge',
    isSilent: false,
    strike: async (platform, chance) =>
      signalAt(
        edgeStatus(platform, regionOf(platform, chance)).then(({ pid }) => pid),
        'SIGKILL',
      ),
  },
  {
    name: 'kill a keeper',
    isSilent: false,
    strike: (platform, chance) => killKeeper(platform, regionOf(platform, chance)),
  },
  {
    name: 'freeze a keeper',
    isSilent: true,
    strike: async (platform, chance) => freeze(await keeperPid(platform, regionOf(platform, chance)), chance.between(200, 1_500)),
  },
  {
    name: 'kill the daemon and a keeper at once',
    isSilent: false,
    async strike(platform, chance) {
      const keeper = keeperPid(platform, regionOf(platform, chance))
      await Promise.all([signalAt(platform.daemonPid(), 'SIGKILL'), signalAt(keeper, 'SIGKILL')])
      await pause(chance.between(0, 500))
      await platform.up()
    },
  },
  {
    name: 'take it down and up',
    isSilent: false,
    async strike(platform) {
      await platform.down()
      await platform.up()
    },
  },
]
