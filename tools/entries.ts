/** What runs as a process or a thread of its own: name in dist/ → source. `src/kit/entry-url.ts` finds them in both shapes. */
export const entries: Readonly<Record<string, string>> = {
  kante: 'src/cli/main.ts',
  kanted: 'src/kanted.ts',
}
/** Files that are copied as they are. */
export const files: Readonly<Record<string, string>> = {}
