import type { Command } from './framework/define-command.ts'
import type { CommandTree, Verb } from './framework/command-tree.ts'

const verb = (path: string, summary: string, load: () => Promise<{ readonly command: Command }>, aliases?: readonly string[]): Verb => ({
  path,
  summary,
  ...(aliases === undefined ? {} : { aliases }),
  load: async () => (await load()).command,
})

/** Every command there is. A verb's module is loaded when the verb is run or its help is asked for. */
export const commandTree: CommandTree = {
  nouns: [],
  verbs: [
    verb('up', 'Start the platform on this computer', () => import('./commands/up.ts')),
    verb('down', 'Stop the platform on this computer: daemon, edges and machines', () => import('./commands/down.ts')),
    verb('status', 'Show how an app is, or the platform', () => import('./commands/status.ts')),
  ],
}
