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
  start_file_missing: entry<{ file: string; origin: string }>(
    'invalid',
    (d) => `${d.origin} starts ${d.file}, which is not among the project's files`,
    () => 'when a build makes it, run the build first: the process runtime runs no RUN steps; when .dockerignore leaves it out, let it in',
  ),
  dockerfile_missing: entry<{ path: string }>(
    'invalid',
    (d) => `no Dockerfile at ${d.path}`,
    () => 'correct --dockerfile, or [build] dockerfile in fly.toml',
  ),
  bundle_failed: entry<{ reason: string; output: string | undefined }>(
    'precondition',
    (d) => `no bundle was made: ${d.reason}`,
    (d) => (d.output === undefined ? 'the lines above say why' : `its last output:\n${d.output}`),
  ),
  project_too_large: entry<{ dir: string; limit: string; largest: readonly string[] }>(
    'limit',
    (d) => `${d.dir} is larger than ${d.limit}`,
    (d) => `list what is not needed at run time in .dockerignore${d.largest.length === 0 ? '' : `; the largest are ${d.largest.join(', ')}`}`,
  ),
  mounts_need_container: entry<{ app: string; line: number }>(
    'precondition',
    (d) => `fly.toml:${d.line}: mounts: the process runtime has no volumes, so ${d.app} would lose what it writes`,
    () => 'run the app on hosts with `--runtime container`, or take [mounts] out of fly.toml',
  ),
} as const
