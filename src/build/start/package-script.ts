import { isProblem, needsShell, splitCommandLine } from '../../fly-toml/command-line.ts'
import type { PackageJson } from '../detect/package-json.ts'
import { startOf, type Start } from './start.ts'

/** Programs that are looked for on the host's PATH; any other first word of a script is a program of a dependency. */
const hostPrograms = new Set([
  'node',
  'bun',
  'deno',
  'sh',
  'bash',
  'env',
  'python',
  'python3',
  'go',
  'java',
  'ruby',
  'php',
  'make',
  'npm',
  'npx',
  'yarn',
  'pnpm',
])
const maxHops = 4

/**
 * The command behind `npm start`, without npm where that is the same: npm costs a wake some hundred milliseconds and stands between the signal and
 * the program. Scripts that need a shell, or have a pre- or post-script, stay with the package manager.
 */
export function packageScriptStart(pkg: PackageJson, script = 'start', manager = 'npm', hops = 0): Start | undefined {
  const text = pkg.scripts[script]
  if (text === undefined) return undefined
  const origin = `"${script}" script of package.json`
  const asIs = startOf(origin, script === 'start' ? [manager, 'start'] : [manager, 'run', script])
  if (pkg.scripts[`pre${script}`] !== undefined || pkg.scripts[`post${script}`] !== undefined) return asIs
  const { env, command } = takeAssignments(text.trim().replace(/^cross-env\s+/, ''))
  const words = needsShell(command) ? { problem: 'needs a shell' } : splitCommandLine(command)
  if (isProblem(words) || words.length === 0) return asIs
  const next = scriptCalled(words)
  if (next !== undefined) {
    const inner = hops < maxHops ? packageScriptStart(pkg, next, manager, hops + 1) : undefined
    return inner === undefined ? asIs : { ...inner, env: { ...env, ...inner.env }, origin }
  }
  const [program = '', ...rest] = words
  const isOnHost = hostPrograms.has(program) || program.includes('/')
  return startOf(origin, [isOnHost ? program : `./node_modules/.bin/${program}`, ...rest], env)
}

/** `NODE_ENV=production node x` → the assignments as environment, the command without them. */
function takeAssignments(text: string): { readonly env: Readonly<Record<string, string>>; readonly command: string } {
  const env: Record<string, string> = {}
  let command = text
  for (;;) {
    const match = /^([A-Za-z_]\w*)=([\w@%+:,./-]*)\s+/.exec(command)
    if (match?.[1] === undefined) return { env, command }
    env[match[1]] = match[2] ?? ''
    command = command.slice(match[0].length)
  }
}

/** The script that a call of a package manager without further arguments runs. */
export function scriptCalled(words: readonly string[]): string | undefined {
  const [program, ...given] = words
  if (program === undefined || !['npm', 'yarn', 'pnpm', 'bun'].includes(program)) return undefined
  const rest = given.filter((word) => word !== '--silent' && word !== '-s')
  if (rest.length === 2 && (rest[0] === 'run' || rest[0] === 'run-script')) return rest[1]
  if (rest.length === 1 && (rest[0] === 'start' || (program === 'yarn' && rest[0] !== 'install'))) return rest[0]
  return undefined
}
