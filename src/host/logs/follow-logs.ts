import { type FSWatcher, watch } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Clock } from '../../kit/clock.ts'
import type { RegionCode } from '../../model/ids.ts'
import type { LogLine, LogQuery } from '../../protocol/log-line.ts'
import { isAsked, pinFile, readSource, sourceOf, sourcesOf } from './log-files.ts'
import { appLogDir } from './log-paths.ts'
import { type LogTail, openLogTail } from './log-tail.ts'
import { mergeLines } from './stored-line.ts'

/** A file system that reports nothing (network folders, exhausted watches) is looked at this often. */
const lookAgainMs = 1_000

/** First what `query` asks for of the past, then every line as it is written, until the signal; no line is missed or told twice in between. */
export async function* followLogs(
  deps: { readonly clock: Clock },
  options: { readonly dir: string; readonly region: RegionCode },
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const folder = appLogDir(options.dir, query.app)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await using tails = new AsyncDisposableStack()
  const byName = new Map<string, LogTail>()
  const changed = new Set<string>()
  let wake: () => void = () => undefined
  using _watch = watchFolder(folder, (name) => {
    changed.add(name)
    wake()
  })
  const stop = () => wake()
  signal.addEventListener('abort', stop)
  tails.defer(() => signal.removeEventListener('abort', stop))

  const past: (readonly LogLine[])[] = []
  for (const source of await sourcesOf(options.dir, options.region, query)) {
    const pinned = await pinFile(source.path)
    past.push(await readSource(source, pinned, query))
    byName.set(basename(source.path), tails.use(openLogTail(source, pinned)))
  }
  const merged = mergeLines(past)
  yield* query.after === undefined ? merged.slice(-query.limit) : merged

  for (let names: readonly string[] = [...byName.keys()]; !signal.aborted;) {
    for (const name of names) {
      const source = byName.has(name) ? undefined : sourceOf(options.dir, options.region, query, name)
      if (source) byName.set(name, tails.use(openLogTail(source, undefined)))
    }
    const batch = await Promise.all(names.map(async (name) => (await byName.get(name)?.next()) ?? []))
    yield* mergeLines(batch).filter((line) => isAsked(line, query))
    // A tail that had lines may have more.
    for (const [index, name] of names.entries()) if ((batch[index]?.length ?? 0) > 0) changed.add(name)
    if (changed.size === 0 && !signal.aborted) {
      const waiting = Promise.withResolvers<void>()
      wake = waiting.resolve
      using _look = deps.clock.timer(lookAgainMs, () => waiting.resolve())
      await waiting.promise
      if (changed.size === 0) for (const source of await sourcesOf(options.dir, options.region, query)) changed.add(basename(source.path))
    }
    names = [...changed]
    changed.clear()
  }
}

/** Calls with the name of the log that changed; a rotation's `….1` is a change of the log itself. */
function watchFolder(folder: string, onChange: (name: string) => void): Disposable {
  let watcher: FSWatcher | undefined
  try {
    watcher = watch(folder, { persistent: false }, (_event, name) => {
      if (name !== null) onChange(name.replace(/\.1$/, ''))
    })
    // The folder went away, or no watches are left: looking again does it.
    watcher.on('error', () => watcher?.close())
  } catch (error) {
    if (!['ENOSPC', 'EMFILE', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
  return { [Symbol.dispose]: () => watcher?.close() }
}
