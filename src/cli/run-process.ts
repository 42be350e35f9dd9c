import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { isatty } from 'node:tty'
import { systemClock } from '../kit/clock.ts'
import { platformPaths } from '../kit/platform-paths.ts'
import type { ApiClient } from './api/api-client.ts'
import { commandTree } from './command-index.ts'
import type { CliContext, Output } from './context.ts'
import { Interrupted } from './output/report-error.ts'
import { runCommandLine, type GlobalChoices, type Session } from './run-command-line.ts'
import { version } from '../kit/version.ts'

/** Runs a command line as this process: its streams, environment, signals and exit code. */
export async function runProcess(argv: readonly string[]): Promise<void> {
  ignoreClosedPipe(process.stdout)
  ignoreClosedPipe(process.stderr)
  const interrupt = new AbortController()
  const onSignal = () => {
    if (interrupt.signal.aborted) process.exit(130)
    interrupt.abort(new Interrupted('interrupted'))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const env = process.env
  const stdout = outputOf(process.stdout)
  const stderr = outputOf(process.stderr)
  process.exitCode = await runCommandLine(argv, {
    tree: commandTree,
    stdout,
    stderr,
    env,
    openSession: (choices) => openSession(choices, { env, stdout, stderr, signal: interrupt.signal }),
  })
  process.off('SIGINT', onSignal)
  process.off('SIGTERM', onSignal)
}

function openSession(
  choices: GlobalChoices,
  around: { readonly env: CliContext['env']; readonly stdout: Output; readonly stderr: Output; readonly signal: AbortSignal },
): Session {
  const { env, stdout, stderr, signal } = around
  const home = resolve(env['KANTE_HOME'] || `${homedir()}/.kante`)
  const paths = platformPaths(home, { uid: process.getuid?.() ?? 0 })
  const target = { env, paths, context: choices.context, accessToken: choices.accessToken }
  let client: Promise<ApiClient> | undefined
  const openClient = async () => {
    const [{ chooseTarget }, { openApiClient }] = await Promise.all([import('./api/target.ts'), import('./api/open-api-client.ts')])
    return openApiClient(await chooseTarget(target), {
      env,
      home,
      userAgent: `kante/${version}`,
      signal,
      ...(choices.isVerbose ? { trace: (line: string) => stderr.write(`${line}\n`) } : {}),
    })
  }
  return {
    ctx: {
      stdout,
      stderr,
      get stdin() {
        return process.stdin
      },
      env,
      cwd: process.cwd(),
      clock: systemClock,
      paths,
      signal,
      verbose: choices.isVerbose,
      isJson: choices.isJson,
      isInteractive: isatty(0) && stderr.isTty,
      target,
      api: () => (client ??= openClient()),
      progress: (line) => {
        if (!choices.isJson) stderr.write(`${line}\n`)
      },
      print: (line) => stdout.write(`${line}\n`),
      printJson: (value) => stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    },
    close: async () => {
      if (client === undefined) return
      const opened = await client.catch(() => undefined)
      await opened?.[Symbol.asyncDispose]()
    },
  }
}

const outputOf = (stream: NodeJS.WriteStream): Output => ({
  write: (text) => {
    stream.write(text)
  },
  isTty: stream.isTTY,
  columns: stream.columns || 100,
})

/** `kante logs | head -1`: the reader has what it wanted, which is no error; nothing we could still say would be read. */
function ignoreClosedPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}
