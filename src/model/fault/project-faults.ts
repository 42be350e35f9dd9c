import { entry } from './kind.ts'

export const projectFaults = {
  config_invalid: entry<{ file: string; line: number | undefined; key: string; problem: string }>(
    'invalid',
    (d) => `${d.file}${d.line === undefined ? '' : `:${d.line}`}: ${d.key}: ${d.problem}`,
  ),
  config_missing: entry<{ path: string }>(
    'invalid',
    (d) => `no fly.toml at ${d.path}`,
    () => 'run `kante launch` in the project, or name the file with -c',
  ),
  no_app_name: entry<Record<string, never>>(
    'invalid',
    () => 'which app? there is no fly.toml here and no --app',
    () => 'pass -a NAME, or run the command in the project’s folder',
  ),
  no_start_command: entry<{ dir: string }>(
    'invalid',
    (d) => `no command to start ${d.dir} with`,
    () => 'give one in [processes] of fly.toml, as CMD of the Dockerfile or as "start" script of package.json',
  ),
} as const
