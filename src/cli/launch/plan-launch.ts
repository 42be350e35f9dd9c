import { dockerStart } from '../../build/start/docker-start.ts'
import { detectProject } from '../../build/detect/detect-project.ts'
import type { ProjectFiles } from '../../build/detect/project-files.ts'
import { parseDockerfile } from '../../build/dockerfile/parse-dockerfile.ts'
import { printFlyToml } from '../../fly-toml/print-fly-toml.ts'
import { fault } from '../../model/fault/fault.ts'

export interface LaunchQuestion {
  readonly dir: string
  readonly files: ProjectFiles
  /** An existing Dockerfile: --dockerfile, else ./Dockerfile. */
  readonly dockerfile: { readonly path: string; readonly text: string } | undefined
  readonly image: string | undefined
  readonly internalPort: number | undefined
  readonly env: Readonly<Record<string, string>>
}
export interface LaunchPlan {
  /** For people: `a Dockerfile app`. */
  readonly label: string
  readonly port: number
  readonly notes: readonly string[]
  /** Files that the project lacks, by path; written only where nothing is. */
  readonly files: Readonly<Record<string, string>>
  readonly flyToml: (app: { readonly name: string; readonly region: string; readonly writtenAt: string }) => string
}

/** What `launch` makes of a project that has no fly.toml yet. Fault no_start_command when nothing tells how it runs. */
export function planLaunch(question: LaunchQuestion): LaunchPlan {
  const { files, dockerfile, image, env } = question
  if (image !== undefined) {
    const port = question.internalPort ?? 8080
    return { label: `image ${image}`, port, notes: [], files: {}, flyToml: (app) => printed(app, port, { env, image }) }
  }
  const detected = detectProject(files)
  const stage = dockerfile === undefined ? undefined : parseDockerfile(dockerfile.path, dockerfile.text).final
  const canStart = detected?.start !== undefined || (stage !== undefined && dockerStart(stage, files).kind === 'found')
  if (detected === undefined && (stage === undefined || !canStart)) throw fault('no_start_command', { dir: question.dir })
  const port = question.internalPort ?? stage?.ports[0] ?? detected?.port ?? 8080
  const named = dockerfile === undefined || dockerfile.path === 'Dockerfile' ? {} : { dockerfile: dockerfile.path }
  const health = detected?.healthPath === undefined ? {} : { healthPath: detected.healthPath }
  return {
    label: stage === undefined ? (detected?.label ?? '') : `Dockerfile${detected === undefined ? '' : `, ${detected.label}`}`,
    port,
    notes: stage === undefined ? (detected?.notes ?? []) : [],
    files: {
      ...(stage === undefined && detected !== undefined ? { Dockerfile: detected.dockerfile } : {}),
      '.dockerignore': detected?.dockerignore ?? '.git\nnode_modules\n.env\n.env.*\n*.log\nfly.toml\n',
    },
    flyToml: (app) => printed(app, port, { env, ...named, ...health }),
  }
}

const printed = (
  app: { readonly name: string; readonly region: string; readonly writtenAt: string },
  internalPort: number,
  more: { readonly env: Readonly<Record<string, string>>; readonly image?: string; readonly dockerfile?: string; readonly healthPath?: string },
) => printFlyToml({ app: app.name, primaryRegion: app.region, writtenAt: app.writtenAt, internalPort, ...more })
