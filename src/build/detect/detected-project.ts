import type { Start } from '../start/start.ts'

export type ProjectKind = 'node' | 'bun' | 'deno' | 'python' | 'go' | 'static'

/** What a project turned out to be, and what `launch` writes for it where it has nothing of its own. */
export interface DetectedProject {
  readonly kind: ProjectKind
  /** For people: `Node.js (Express)`. */
  readonly label: string
  readonly port: number
  readonly start: Start | undefined
  /** A route that answers when the program is well. */
  readonly healthPath: string | undefined
  readonly dockerfile: string
  readonly dockerignore: string
  /** What its owner should know, a sentence each. */
  readonly notes: readonly string[]
}

const everywhere = ['.git', '.env', '.env.*', '!.env.example', '*.log', '.DS_Store', 'fly.toml', 'Dockerfile', '.dockerignore']
export const dockerignoreOf = (...own: readonly string[]): string => `${[...everywhere, ...own].join('\n')}\n`

/** A Dockerfile from its lines; those that do not apply are left out. */
export const dockerfileOf = (...lines: readonly (string | undefined)[]): string => `${lines.filter((line) => line !== undefined).join('\n')}\n`
export const execForm = (argv: readonly string[]): string => `[${argv.map((word) => JSON.stringify(word)).join(', ')}]`
