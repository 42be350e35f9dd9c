import type { CommandTree } from '../framework/command-tree.ts'
import type { Session } from '../run-command-line.ts'
import { completeLine } from './complete-line.ts'
import { filesLine } from './scripts.ts'
import { openValues } from './values.ts'

/** What `kante __complete WORD…` prints: `WORD<TAB>MEANING` lines, and `:files` where the shell's own files fit. */
export async function answerShell(
  tree: CommandTree,
  words: readonly string[],
  openSession: (typed: ReadonlyMap<string, string>) => Session,
): Promise<string> {
  const { candidates, wantsFiles } = await completeLine(tree, words, async (kind, typed) => {
    const session = openSession(typed)
    try {
      return await openValues(session.ctx)(kind, typed)
    } finally {
      await session.close()
    }
  })
  const lines = candidates.map(({ word, about }) => `${word}\t${about.split('\n')[0]}`)
  return [...lines, ...(wantsFiles ? [filesLine] : [])].map((line) => `${line}\n`).join('')
}
