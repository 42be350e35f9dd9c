import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/kit/clock.ts'
import { silentLog } from '../../../src/kit/log.ts'
import { until } from '../../testkit/until.ts'
import { connectToRunningKeeper, type ExitInfo, openKeeper, type Keeper } from '../../../src/host/keeper/keeper-client.ts'
import type { SpawnRequest } from '../../../src/host/keeper/keeper-protocol.ts'
import { readOwner } from '../../../src/host/keeper/keeper-lock.ts'
import { endOrphans } from '../../../src/host/keeper/orphans.ts'

export interface KeeperFixture extends AsyncDisposable {
  readonly dir: string
  readonly socket: string
  readonly keeper: Keeper
  /** Another client of the same keeper. */
  connect(): Promise<Keeper>
  request(runId: string, argv: readonly string[], more?: Partial<SpawnRequest>): SpawnRequest
  /** A program of this Node. */
  program(source: string): readonly string[]
  exitOf(runId: string): Promise<ExitInfo>
  logFile(runId: string): string
}

/** A keeper of its own in a folder of its own; all that it runs ends with it. */
export async function openKeeperFixture(): Promise<KeeperFixture> {
  const dir = await mkdtemp(join(tmpdir(), 'kante-k-'))
  const socket = join(dir, 'k.sock')
  const connect = () => openKeeper({ clock: systemClock, log: silentLog }, { dir, socket, nodePath: process.execPath })
  const keeper = await connect()
  const exits = new Map<string, ExitInfo>()
  const waiting = new Map<string, (exit: ExitInfo) => void>()
  keeper.onExit((exit) => {
    exits.set(exit.runId, exit)
    waiting.get(exit.runId)?.(exit)
  })
  const logFile = (runId: string) => join(dir, 'logs', `${runId}.ndjson`)
  return {
    dir,
    socket,
    keeper,
    connect,
    logFile,
    program: (source) => [process.execPath, '-e', source],
    request: (runId, argv, more) => ({
      runId,
      kind: 'machine',
      argv,
      cwd: dir,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      log: { file: logFile(runId), format: 'ndjson' },
      meta: { machine: runId },
      stop: { signal: 'SIGTERM', timeoutMs: 500 },
      ...more,
    }),
    exitOf: (runId) => new Promise((resolve) => (exits.has(runId) ? resolve(exits.get(runId) as ExitInfo) : waiting.set(runId, resolve))),
    async [Symbol.asyncDispose]() {
      // First the client, which may be starting a keeper just now; then whichever keeper stands.
      await keeper[Symbol.asyncDispose]()
      const running = await connectToRunningKeeper(systemClock, { dir, socket })
      await running?.call('shutdown', {})
      await until('the keeper is gone', () => readOwner(dir) === undefined)
      await endOrphans(dir)
      await rm(dir, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
