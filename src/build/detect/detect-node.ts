import { packageScriptStart } from '../start/package-script.ts'
import { startOf, type Start } from '../start/start.ts'
import { dockerfileOf, dockerignoreOf, execForm, type DetectedProject } from './detected-project.ts'
import { readPackageJson, type PackageJson } from './package-json.ts'
import { healthPathIn, portIn } from './entry-hints.ts'
import type { ProjectFiles } from './project-files.ts'

/** Dependency → name and the port its server takes when nobody says one. The first that fits counts. */
const frameworks: readonly (readonly [dependency: string, name: string, port: number])[] = [
  ['next', 'Next.js', 3000],
  ['nuxt', 'Nuxt', 3000],
  ['@remix-run/serve', 'Remix', 3000],
  ['@react-router/serve', 'React Router', 3000],
  ['@sveltejs/kit', 'SvelteKit', 3000],
  ['@nestjs/core', 'NestJS', 3000],
  ['@adonisjs/core', 'AdonisJS', 3333],
  ['astro', 'Astro', 4321],
  ['fastify', 'Fastify', 8080],
  ['hono', 'Hono', 8080],
  ['koa', 'Koa', 8080],
  ['@hapi/hapi', 'hapi', 8080],
  ['express', 'Express', 8080],
]
const entries = [
  'index.js',
  'server.js',
  'app.js',
  'main.js',
  'index.mjs',
  'server.mjs',
  'index.cjs',
  'src/index.js',
  'src/server.js',
  'src/main.js',
  'index.ts',
  'server.ts',
  'src/index.ts',
  'src/server.ts',
]
const isBun = (files: ProjectFiles) => files.has('bun.lock') || files.has('bun.lockb') || files.has('bunfig.toml')

/** A project with a package.json, run by Node or Bun. */
export function detectNode(files: ProjectFiles): DetectedProject | undefined {
  const pkg = readPackageJson(files)
  if (pkg === undefined) return undefined
  const kind = isBun(files) ? 'bun' : 'node'
  const framework = frameworks.find(([dependency]) => Object.hasOwn(pkg.dependencies, dependency))
  const start = packageStart(files, pkg)
  const runtime = kind === 'bun' ? 'Bun' : 'Node.js'
  const hasBuild = pkg.scripts['build'] !== undefined
  return {
    kind,
    label: framework === undefined ? runtime : `${runtime} (${framework[1]})`,
    port: portIn(entryText(files, start)) ?? framework?.[2] ?? (kind === 'bun' ? 3000 : 8080),
    start,
    healthPath: healthPathIn(entryText(files, start)),
    dockerfile: kind === 'bun' ? bunDockerfile(files, hasBuild, start) : nodeDockerfile(files, pkg, start),
    dockerignore: dockerignoreOf('node_modules'),
    notes: hasBuild ? ['its "build" script is a RUN step of the Dockerfile: with the process runtime run it yourself before each deploy'] : [],
  }
}

/** The start script, else the entry that package.json or the usual names point at. */
export function packageStart(files: ProjectFiles, pkg: PackageJson): Start | undefined {
  const manager = isBun(files) ? 'bun' : 'npm'
  const scripted = packageScriptStart(pkg, 'start', manager)
  if (scripted !== undefined) return scripted
  const program = manager === 'bun' ? 'bun' : 'node'
  if (pkg.main !== undefined && files.has(pkg.main.replace(/^\.\//, '')))
    return startOf('"main" of package.json', [program, pkg.main.replace(/^\.\//, '')])
  const entry = entries.find((name) => files.has(name))
  return entry === undefined ? undefined : startOf(entry, [program, entry])
}

function entryText(files: ProjectFiles, start: Start | undefined): string | undefined {
  const named = start?.kind === 'command' ? start.argv.slice(1).map((word) => word.replace(/^\.\//, '')) : []
  const entry = [...named, ...entries].find((name) => files.text(name) !== undefined)
  return entry === undefined ? undefined : files.text(entry)
}

function nodeDockerfile(files: ProjectFiles, pkg: PackageJson, start: Start | undefined): string {
  const major = /(\d{2})/.exec(pkg.nodeRange ?? '')?.[1] ?? '24'
  const install = installOf(files)
  const hasBuild = pkg.scripts['build'] !== undefined
  const command = start?.kind === 'command' ? start.argv : ['npm', 'start']
  return dockerfileOf(
    `FROM node:${major}-slim AS base`,
    'WORKDIR /app',
    'ENV NODE_ENV=production',
    ...Object.entries(start?.env ?? {})
      .filter(([name]) => name !== 'NODE_ENV')
      .map(([name, value]) => `ENV ${name}=${JSON.stringify(value)}`),
    install.prepare,
    '',
    ...(hasBuild
      ? [
          'FROM base AS build',
          `COPY ${install.files} ./`,
          `RUN ${install.all}`,
          'COPY . .',
          `RUN ${install.manager} run build`,
          `RUN ${install.prune}`,
          '',
          'FROM base',
          'COPY --from=build /app /app',
        ]
      : ['FROM base', `COPY ${install.files} ./`, `RUN ${install.production}`, 'COPY . .']),
    'USER node',
    `EXPOSE ${portIn(entryText(files, start)) ?? frameworks.find(([name]) => Object.hasOwn(pkg.dependencies, name))?.[2] ?? 8080}`,
    `CMD ${execForm(command)}`,
  )
}

interface Install {
  readonly manager: string
  readonly files: string
  readonly prepare: string | undefined
  readonly all: string
  readonly production: string
  readonly prune: string
}
function installOf(files: ProjectFiles): Install {
  if (files.has('pnpm-lock.yaml')) {
    const frozen = 'pnpm install --frozen-lockfile'
    return {
      manager: 'pnpm',
      files: 'package.json pnpm-lock.yaml',
      prepare: 'RUN corepack enable',
      all: `${frozen} --prod=false`,
      production: `${frozen} --prod`,
      prune: 'pnpm prune --prod',
    }
  }
  if (files.has('yarn.lock')) {
    const frozen = 'yarn install --frozen-lockfile'
    return {
      manager: 'yarn',
      files: 'package.json yarn.lock',
      prepare: undefined,
      all: `${frozen} --production=false`,
      production: `${frozen} --production=true`,
      prune: `${frozen} --production=true`,
    }
  }
  const isLocked = files.has('package-lock.json') || files.has('npm-shrinkwrap.json')
  const verb = isLocked ? 'ci' : 'install'
  return {
    manager: 'npm',
    files: 'package*.json',
    prepare: undefined,
    all: `npm ${verb} --include=dev`,
    production: `npm ${verb} --omit=dev`,
    prune: 'npm prune --omit=dev',
  }
}

function bunDockerfile(files: ProjectFiles, hasBuild: boolean, start: Start | undefined): string {
  const lock = files.has('bun.lockb') ? 'bun.lockb' : files.has('bun.lock') ? 'bun.lock' : ''
  const frozen = lock === '' ? '' : ' --frozen-lockfile'
  return dockerfileOf(
    'FROM oven/bun:1-slim',
    'WORKDIR /app',
    'ENV NODE_ENV=production',
    `COPY package.json ${lock} ./`.replace('  ', ' '),
    `RUN bun install${frozen}${hasBuild ? '' : ' --production'}`,
    'COPY . .',
    hasBuild ? 'RUN bun run build' : undefined,
    'USER bun',
    `EXPOSE ${portIn(entryText(files, start)) ?? 3000}`,
    `CMD ${execForm(start?.kind === 'command' ? start.argv : ['bun', 'start'])}`,
  )
}
