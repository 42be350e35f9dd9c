/** What runs as a process or a thread of its own: name in dist/ → source. `src/kit/entry-url.ts` finds them in both shapes. */
export const entries: Readonly<Record<string, string>> = {
  kante: 'src/cli/main.ts',
  kanted: 'src/kanted.ts',
  /** The keeper. */
  main: 'src/host/keeper/main.ts',
  'store-worker': 'src/store/sqlite/store-worker.ts',
  'static-main': 'src/host/runtime/process/static-main.ts',
}
/** Files that machines load, copied as they are. */
export const files: Readonly<Record<string, string>> = {
  preload: 'src/host/runtime/process/preload',
}
