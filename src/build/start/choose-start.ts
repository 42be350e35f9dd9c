import { isProblem, splitCommandLine } from '../../fly-toml/command-line.ts'
import type { FlyConfig } from '../../fly-toml/fly-config.ts'
import { defaultGroup } from '../../fly-toml/process-groups.ts'
import type { DockerStage } from '../dockerfile/parse-dockerfile.ts'
import { detectProject } from '../detect/detect-project.ts'
import type { ProjectFiles } from '../detect/project-files.ts'
import { dockerStart } from './docker-start.ts'
import { startOf, type Start } from './start.ts'

export interface StartChoice {
  readonly start: Start | undefined
  /** Sentences for the person who deploys: what of the Dockerfile is not done. */
  readonly notes: readonly string[]
}

/** What a bundle is started with: `[processes]`, else the Dockerfile, else what the project itself says. */
export function chooseStart(config: Pick<FlyConfig, 'processes'>, stage: DockerStage | undefined, files: ProjectFiles): StartChoice {
  const notes = stage === undefined ? [] : undoneSteps(stage)
  const env = stage?.env ?? {}
  const command = config.processes[defaultGroup(config)]
  const words = command === undefined ? [] : splitCommandLine(command)
  if (!isProblem(words) && words.length > 0) return { start: startOf('[processes] of fly.toml', words, env), notes }
  const docker = stage === undefined ? { kind: 'none' as const } : dockerStart(stage, files)
  if (docker.kind === 'found') return { start: docker.start, notes }
  const detected = detectProject(files)?.start
  const start = detected === undefined ? undefined : { ...detected, env: { ...env, ...detected.env } }
  const made = docker.kind === 'only_in_image' ? [`${docker.program} is made in the image; started is what ${start?.origin ?? 'nothing'} says`] : []
  return { start, notes: [...notes, ...made] }
}

/** Steps that installing the locked dependencies does not stand for. */
const installs =
  /^(?:--\S+\s+)*(?:(?:npm|pnpm|yarn|bun)\s+(?:ci|install|i)\b|corepack\b|deno\s+(?:cache|install)\b|yarn\s*$|(?:python3?\s+-m\s+)?pip3?\s+install\b(?!\s+[^-.]))[^;&|]*$/
function undoneSteps(stage: DockerStage): readonly string[] {
  const undone = stage.runs.filter((run) => !installs.test(run)).map((run) => shorten(run))
  const copies = stage.copiedFromStages.map((copy) => copy.from)
  return [
    ...(undone.length === 0 ? [] : [`the process runtime runs no RUN step of the Dockerfile; not done: ${undone.join(' · ')}`]),
    ...(copies.length === 0
      ? []
      : [`the process runtime builds no stages; what is copied from ${[...new Set(copies)].join(', ')} must lie in the project`]),
  ]
}
const shorten = (text: string) => {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 57)}…` : line
}

/** The file in the project that a command runs, when its words say so plainly: what must be among the shipped files. */
export function startFileOf(start: Start): string | undefined {
  if (start.kind === 'static') return undefined
  const [program = '', ...words] = start.argv
  if (program.startsWith('./') && !program.startsWith('./node_modules/')) return program.slice(2)
  if (!['node', 'python3', 'python', 'bun'].includes(program)) return undefined
  const [first] = words
  return first !== undefined && /\.(?:[cm]?[jt]s|py)$/.test(first) && !first.startsWith('-') && !first.startsWith('/')
    ? first.replace(/^\.\//, '')
    : undefined
}
