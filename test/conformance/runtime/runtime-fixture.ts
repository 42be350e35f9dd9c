import type { MachineId } from '../../../src/model/ids.ts'
import type { RunExit, RunSpec, Runtime } from '../../../src/host/runtime/runtime-contract.ts'

/** A Node program: `index.mjs` is its source; `files` beside it. */
export interface TestProgram {
  readonly source: string
  readonly files?: Readonly<Record<string, string>>
  /** In a layer of dependencies, below the program's folder. */
  readonly dependencies?: Readonly<Record<string, string>>
}

/** One implementation, opened for one test in a place of its own. */
export interface RuntimeFixture extends AsyncDisposable {
  readonly runtime: Runtime
  /** A new machine for the program: its own id and endpoint. Nothing is prepared. */
  spec(program: TestProgram, more?: Partial<RunSpec>): Promise<RunSpec>
  exitOf(runId: string): Promise<RunExit>
  /** What the machine has printed, oldest first. */
  lines(machine: MachineId): Promise<readonly string[]>
  /** Starts the machine from a daemon of its own, a process that is killed with SIGKILL before this resolves. */
  startByDoomedDaemon(spec: RunSpec, runId: string): Promise<void>
  /** Text of GET on the machine's port, as it is reached from outside. Retries until something answers. */
  get(spec: RunSpec, port: number, path?: string): Promise<string>
}
