import { parseGoDuration } from '../../model/duration.ts'
import { choice, duration, integer, lists, pairs, text, toggle, type Flag, type FlagValues } from '../framework/flag.ts'
import { UsageError } from '../framework/usage-error.ts'

const maxUnavailable: Flag<number | undefined> = {
  kind: 'value',
  placeholder: 'number',
  help: 'Rolling: machines that may be away at once, below 1 a share of them (0.33)',
  parse: (typed, name) => {
    const word = typed.at(-1)
    if (word === undefined) return undefined
    const value = /^\d{1,4}(\.\d{1,4})?$/.test(word) ? Number(word) : Number.NaN
    if (!(value > 0 && value <= 1000)) throw new UsageError(`--${name}: found "${word}", allowed is a number of machines, or a share such as 0.5`)
    return value
  },
}
/** 0: without limit. */
const releaseCommandTimeout: Flag<number | undefined> = {
  kind: 'value',
  placeholder: 'duration',
  help: 'How long the release command may run, or none (5m)',
  parse: (typed, name) => {
    const word = typed.at(-1)
    if (word === undefined) return undefined
    if (word === 'none') return 0
    return /^\d{1,9}$/.test(word) ? Number(word) * 1000 : parseGoDuration(`--${name}`, word)
  },
}

/** What `deploy` and `launch` have in common. */
export const deployFlags = {
  image: text({ short: 'i', help: 'The image to deploy instead of the project here' }),
  dockerfile: text({ help: 'Path to a Dockerfile; ./Dockerfile otherwise' }),
  env: pairs({ short: 'e', help: 'Set of environment variables' }),
  ha: toggle({ help: 'Create spare machines for a new process group', byDefault: true }),
  strategy: choice({ help: 'The strategy for replacing running machines', choices: ['rolling', 'immediate', 'canary', 'bluegreen'] }),
  'max-unavailable': maxUnavailable,
  'max-concurrent': integer({ help: 'Machines that are worked on at once, where the strategy sets no smaller number (8)', min: 1, max: 64 }),
  'wait-timeout': duration({ help: 'How long each machine may take to be up and healthy', byDefaultMs: 300_000 }),
  'release-command-timeout': releaseCommandTimeout,
  'smoke-checks': toggle({ help: 'Let a machine without checks show that it stays up', byDefault: true }),
} as const
export type DeployFlags = FlagValues<typeof deployFlags>

/** Which machines a deploy is for. */
export const targetFlags = {
  'only-regions': lists({ help: 'Deploy to machines in these regions only (flyctl: --regions)' }),
  regions: lists({ help: 'The same' }),
  'exclude-regions': lists({ help: 'Deploy to all machines but those in these regions' }),
  'only-machines': lists({ help: 'Deploy to these machines only' }),
  'exclude-machines': lists({ help: 'Deploy to all machines but these' }),
  'process-groups': lists({ help: 'Deploy to machines of these process groups only' }),
  'update-only': toggle({ help: 'Create and destroy no machines' }),
} as const
