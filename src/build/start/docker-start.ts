import type { DockerStage } from '../dockerfile/parse-dockerfile.ts'
import { readPackageJson } from '../detect/package-json.ts'
import type { ProjectFiles } from '../detect/project-files.ts'
import { packageScriptStart, scriptCalled } from './package-script.ts'
import { startOf, type Start } from './start.ts'

export type DockerStart =
  | { readonly kind: 'found'; readonly start: Start }
  | { readonly kind: 'none' }
  /** The image's program is made in the image, so there is nothing to start without one. */
  | { readonly kind: 'only_in_image'; readonly program: string }

const systemFolders = ['/bin', '/usr/bin', '/usr/local/bin', '/sbin', '/usr/sbin']
/** Programs that pip installs, started as modules so that they are found beside the project. */
const pythonModules = new Set(['uvicorn', 'gunicorn', 'hypercorn', 'flask', 'celery', 'streamlit', 'daphne', 'granian'])

/** ENTRYPOINT and CMD of a Dockerfile as a command in the project's folder: paths under WORKDIR become relative, package managers are stepped over. */
export function dockerStart(stage: DockerStage, files: ProjectFiles): DockerStart {
  const argv = [...(stage.entrypoint?.argv ?? []), ...(stage.command?.argv ?? [])].map((word) => insideProject(word, stage.workdir))
  const [program] = argv
  if (program === undefined) return { kind: 'none' }
  const origin = stage.entrypoint === undefined ? 'CMD of the Dockerfile' : 'ENTRYPOINT of the Dockerfile'
  const isCopied = stage.copiedFromStages.some(({ destination }) => program.startsWith('/') && (destination === program || destination === '/'))
  const local = hostProgram(program)
  if (isCopied || local === undefined) return { kind: 'only_in_image', program }
  const start = withoutManager([local, ...argv.slice(1)], files, origin)
  return { kind: 'found', start: { ...start, env: { ...stage.env, ...start.env } } }
}

function insideProject(word: string, workdir: string): string {
  if (workdir === '/' || !word.startsWith(`${workdir}/`)) return word
  return `./${word.slice(workdir.length + 1)}`
}

/** The program on the computer that runs the bundle; undefined for an absolute path that only the image has. */
function hostProgram(program: string): string | undefined {
  if (!program.startsWith('/')) return program
  const folder = program.slice(0, program.lastIndexOf('/'))
  if (program === '/bin/sh') return program
  return systemFolders.includes(folder) ? program.slice(folder.length + 1) : undefined
}

function withoutManager(argv: readonly string[], files: ProjectFiles, origin: string): Start {
  const [program = '', ...rest] = argv
  const script = scriptCalled(argv)
  const pkg = script === undefined ? undefined : readPackageJson(files)
  const behind = pkg === undefined || script === undefined ? undefined : packageScriptStart(pkg, script, program)
  if (behind !== undefined) return { ...behind, origin }
  if (program === 'python') return startOf(origin, ['python3', ...rest])
  return pythonModules.has(program) ? startOf(origin, ['python3', '-m', program, ...rest]) : startOf(origin, argv)
}
