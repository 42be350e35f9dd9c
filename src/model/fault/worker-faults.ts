import { entry } from './kind.ts'

export const workerFaults = {
  worker_config_broken: entry<{ file: string; line: number | undefined; problem: string }>(
    'invalid',
    (d) => `${d.file}${d.line === undefined ? '' : `:${d.line}`}: ${d.problem}`,
    () => 'correct the file; `wrangler deploy --dry-run` reads it in the same way',
  ),
  worker_config_missing: entry<{ path: string }>(
    'invalid',
    (d) => `no wrangler config at ${d.path}`,
    () => 'name a wrangler.toml, wrangler.json or wrangler.jsonc with -c',
  ),
  worker_env_unknown: entry<{ env: string; file: string; known: readonly string[] }>(
    'invalid',
    (d) => `${d.file} has no environment ${d.env}`,
    (d) => (d.known.length === 0 ? 'it has no environments: leave --env out' : `it has ${d.known.join(', ')}`),
  ),
  worker_main_missing: entry<{ file: string; line: number; main: string }>(
    'invalid',
    (d) => `${d.file}:${d.line}: main: ${d.main} is not there`,
    () => 'correct main; when a build makes that file, run the build first',
  ),
  worker_no_code: entry<{ dir: string }>(
    'invalid',
    (d) => `${d.dir} has no code to assess`,
    () => 'name the folder of a Worker: the one with wrangler.toml or wrangler.jsonc',
  ),
  worker_not_found: entry<{ dir: string; because: string }>(
    'invalid',
    (d) => `${d.dir} is no Worker: ${d.because}`,
    () => 'name the folder with wrangler.toml or wrangler.jsonc; for an ordinary server there is `kante launch`',
  ),
  worker_dir_missing: entry<{ dir: string }>('not_found', (d) => `there is no folder ${d.dir}`),
  worker_too_large: entry<{ dir: string; limit: string }>(
    'limit',
    (d) => `${d.dir} is larger than what is read: ${d.limit}`,
    () => 'name the folder of one Worker',
  ),
  worker_assess_late: entry<{ dir: string; afterMs: number; files: number }>(
    'timeout',
    (d) => `reading ${d.dir} took longer than ${d.afterMs / 1000} s; ${d.files} files were read`,
    () => 'name the folder of one Worker, without built files',
  ),
} as const
