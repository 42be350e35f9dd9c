import { text, toggle, type Flags } from './flag.ts'

/** flyctl's flags that many verbs share, so that a letter means the same everywhere. */
export const appFlags = {
  app: text({ short: 'a', help: 'Application name' }),
  config: text({ short: 'c', help: 'Path to application configuration file' }),
} as const
export const jsonFlag = { json: toggle({ short: 'j', help: 'JSON output' }) } as const
export const yesFlag = { yes: toggle({ short: 'y', help: 'Accept all confirmations' }) } as const
export const orgFlag = { org: text({ short: 'o', help: 'The target organization' }) } as const
export const regionFlag = { region: text({ short: 'r', help: 'The target region (see `kante platform regions`)' }) } as const

/** Accepted before and after every verb. */
export const globalFlags = {
  'access-token': text({ short: 't', help: 'API access token' }),
  context: text({ help: 'The platform to talk to (see `kante context list`)' }),
  verbose: toggle({ help: 'Verbose output: each request to the API, on stderr' }),
  help: toggle({ short: 'h', help: 'Help' }),
} as const satisfies Flags

/** Flags that may stand before the verb, as in `kante -a my-app status`; whether they take a value decides where the verb begins. */
export const leadingFlags = { ...appFlags, ...jsonFlag, ...yesFlag, ...orgFlag, ...regionFlag, ...globalFlags } as const satisfies Flags
