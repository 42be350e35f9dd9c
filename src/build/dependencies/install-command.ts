import type { InstallRequest } from '../../control/bundles/dependency-installer.ts'

/** Where pip puts packages; the bundle's PYTHONPATH names it, relative to the project. */
export const pythonPackagesFolder = '.python-packages'

export interface InstallCommand {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

interface Project {
  readonly has: (...names: readonly string[]) => boolean
  /** PEP 621 dependencies, where no requirements.txt says more. */
  readonly requirements: readonly string[]
}
const npmQuiet = ['--omit=dev', '--no-audit', '--no-fund', '--no-update-notifier']
const commands: Readonly<Record<InstallRequest['kind'], (project: Project) => InstallCommand>> = {
  npm: ({ has }) => {
    const isLocked = has('package-lock.json', 'npm-shrinkwrap.json')
    return { argv: ['npm', ...(isLocked ? ['ci'] : ['install', '--no-package-lock']), ...npmQuiet], env: {} }
  },
  pnpm: ({ has }) => ({
    argv: ['pnpm', 'install', '--prod', has('pnpm-lock.yaml') ? '--frozen-lockfile' : '--no-frozen-lockfile'],
    env: { CI: 'true' },
  }),
  yarn: ({ has }) =>
    has('.yarnrc.yml')
      ? // The host's Node starts the program without yarn's loader.
        { argv: ['yarn', 'install', '--immutable'], env: { YARN_NODE_LINKER: 'node-modules' } }
      : { argv: ['yarn', 'install', '--production=true', '--non-interactive', ...(has('yarn.lock') ? ['--frozen-lockfile'] : [])], env: {} },
  bun: ({ has }) => ({ argv: ['bun', 'install', '--production', ...(has('bun.lock', 'bun.lockb') ? ['--frozen-lockfile'] : [])], env: {} }),
  pip: ({ has, requirements }) => ({
    argv: [
      'python3',
      '-m',
      'pip',
      'install',
      '--no-input',
      '--disable-pip-version-check',
      '--progress-bar=off',
      '--root-user-action=ignore',
      '--target',
      pythonPackagesFolder,
      ...(has('requirements.txt') ? ['-r', 'requirements.txt'] : requirements),
    ],
    env: {},
  }),
}

/** The command that installs what a program needs at run time, by the lockfile where there is one. `requirements`: PEP 621 dependencies for pip. */
export const installCommand = (kind: InstallRequest['kind'], files: readonly string[], requirements: readonly string[] = []): InstallCommand =>
  commands[kind]({ has: (...names) => names.some((name) => files.includes(name)), requirements })

const kept = new Set([
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'TMPDIR',
  'SHELL',
  'NPM_TOKEN',
  'NODE_AUTH_TOKEN',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
])
const keptPattern = /^(?:LC_\w+|XDG_\w+|(?:https?|no|all)_proxy|PIP_\w+|BUN_CONFIG_\w+|YARN_\w+|COREPACK_\w+)$/i
/** Settings of npm that say how to reach a registry; others, such as a prefix, belong to the npm that started us. */
const npmPattern =
  /^npm_config_(?:(?:@[\w.-]+:)?registry|cache|proxy|https?_?proxy|noproxy|ca|cafile|cert|key|strict_ssl|userconfig|globalconfig|replace_registry_host|fetch_\w+|maxsockets|prefer_offline|offline|\/\/.*)$/i

/** What an installation sees of the environment: what a package manager needs to reach its registry, and no token of the platform's. */
export function installEnvironment(environment: Readonly<Record<string, string | undefined>>, path: string): Readonly<Record<string, string>> {
  const pairs = Object.entries(environment).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && (kept.has(pair[0]) || keptPattern.test(pair[0]) || npmPattern.test(pair[0])),
  )
  return { ...Object.fromEntries(pairs), PATH: path, NODE_ENV: 'production' }
}
