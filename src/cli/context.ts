import type { Clock } from '../kit/clock.ts'
import type { ApiClient } from './api/api-client.ts'
import type { TargetInputs } from './api/target.ts'
import type { PlatformPaths } from '../kit/platform-paths.ts'

/** Where a command writes. `isTty` decides about colour and about questions. */
export interface Output {
  write(text: string): void
  readonly isTty: boolean
  /** Of the terminal; 100 without one. */
  readonly columns: number
}

/** Everything a verb may touch of the outside world. */
export interface CliContext {
  readonly stdout: Output
  readonly stderr: Output
  readonly stdin: NodeJS.ReadableStream
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly clock: Clock
  /** The files of KANTE_HOME; its `data` is the default place, platform.json may name another. */
  readonly paths: PlatformPaths
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  readonly verbose: boolean
  /** Whether --json was given. */
  readonly isJson: boolean
  /** Whether a question may be asked: stdin and stderr are a terminal. */
  readonly isInteractive: boolean
  /** What decides where requests go; `api` goes there. */
  readonly target: TargetInputs
  /** The client of the chosen platform; opened at the first call, closed by the framework. */
  api(): Promise<ApiClient>
  /** A line about long work, on stderr; nothing with --json. */
  progress(line: string): void
  /** What `--json` asked for: the API's object as it came, indented. */
  printJson(value: unknown): void
  /** A line for people, on stdout. */
  print(line: string): void
}
