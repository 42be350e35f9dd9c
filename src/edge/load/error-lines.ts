import type { Clock } from '../../kit/clock.ts'
import type { HostId } from '../../model/ids.ts'
import type { EdgeLogLines } from '../../protocol/edge-session.ts'

type Line = EdgeLogLines['lines'][number]
export interface ErrorLinesDeps {
  readonly clock: Clock
  /** To a host, or nowhere when it is away: these lines explain single requests, they are not worth keeping. */
  readonly send: (host: HostId, lines: readonly Line[]) => Promise<void>
}
const everyMs = 200
/** Per app and batch: an app that fails every request must not drown its own log. */
const mostPerApp = 20

/** The proxy's error lines for the apps' logs, collected for a moment and sent together. */
export class ErrorLines implements AsyncDisposable {
  readonly #deps: ErrorLinesDeps
  readonly #waiting = new Map<HostId, Line[]>()
  readonly #counts = new Map<string, number>()
  #timer: Disposable | undefined
  #sending: Promise<void> = Promise.resolve()
  constructor(deps: ErrorLinesDeps) {
    this.#deps = deps
  }

  add(host: HostId, line: Omit<Line, 'atMs'>): void {
    const count = (this.#counts.get(line.app) ?? 0) + 1
    this.#counts.set(line.app, count)
    this.#timer ??= this.#deps.clock.timer(everyMs, () => this.#flush())
    if (count > mostPerApp) return
    const lines = this.#waiting.get(host) ?? []
    this.#waiting.set(host, lines)
    lines.push({ ...line, atMs: this.#deps.clock.now() })
  }

  #flush(): void {
    this.#timer = undefined
    const atMs = this.#deps.clock.now()
    for (const [app, count] of this.#counts) {
      if (count <= mostPerApp) continue
      const lines = [...this.#waiting.values()].find((lines) => lines.some((line) => line.app === app))
      lines?.push({ app, machine: '', level: 'warn', message: `${count - mostPerApp} more proxy errors`, atMs })
    }
    this.#counts.clear()
    const batches = [...this.#waiting]
    this.#waiting.clear()
    this.#sending = this.#sending.then(async () => {
      await Promise.all(batches.map(([host, lines]) => this.#deps.send(host, lines)))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    this.#flush()
    await this.#sending
  }
}
