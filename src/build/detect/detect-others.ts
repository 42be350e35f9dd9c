import { isProblem, needsShell, splitCommandLine } from '../../fly-toml/command-line.ts'
import { startOf } from '../start/start.ts'
import { dockerfileOf, dockerignoreOf, execForm, type DetectedProject } from './detected-project.ts'
import { objectOf, textMap } from './package-json.ts'
import { healthPathIn, portIn } from './entry-hints.ts'
import type { ProjectFiles } from './project-files.ts'

export function detectDeno(files: ProjectFiles): DetectedProject | undefined {
  const manifest = ['deno.json', 'deno.jsonc'].find((name) => files.has(name))
  const entry = ['main.ts', 'server.ts', 'mod.ts', 'main.js', 'src/main.ts'].find((name) => files.has(name))
  const hasDenoText = entry !== undefined && /\bDeno\.(?:serve|listen)\b/.test(files.text(entry) ?? '')
  if (manifest === undefined && !files.has('deno.lock') && !hasDenoText) return undefined
  const task = textMap(objectOf(files.text(manifest ?? ''))?.['tasks'])['start']
  const words = task === undefined || needsShell(task) ? { problem: 'no plain command' } : splitCommandLine(task)
  const argv =
    task === undefined
      ? entry === undefined
        ? undefined
        : ['deno', 'run', '--allow-net', '--allow-env', '--allow-read', entry]
      : isProblem(words)
        ? ['deno', 'task', 'start']
        : words
  const port = portIn(files.text(entry ?? '')) ?? 8000
  return {
    kind: 'deno',
    label: 'Deno',
    port,
    start: argv === undefined ? undefined : startOf(task === undefined ? (entry ?? 'deno') : `"start" task of ${manifest ?? 'deno.json'}`, argv),
    healthPath: healthPathIn(files.text(entry ?? '')),
    dockerfile: dockerfileOf(
      'FROM denoland/deno:2.5.0',
      'WORKDIR /app',
      'COPY . .',
      entry === undefined ? undefined : `RUN deno cache ${entry}`,
      'USER deno',
      `EXPOSE ${port}`,
      `CMD ${execForm(argv ?? ['deno', 'task', 'start'])}`,
    ),
    dockerignore: dockerignoreOf('node_modules'),
    notes: [],
  }
}

export function detectGo(files: ProjectFiles): DetectedProject | undefined {
  const manifest = files.text('go.mod')
  if (manifest === undefined) return undefined
  const version = /^go\s+(\d+\.\d+)/m.exec(manifest)?.[1] ?? '1.25'
  const port = Number(/ListenAndServe(?:TLS)?\(\s*"[^":]*:(\d{2,5})"/.exec(files.text('main.go') ?? '')?.[1] ?? 8080)
  return {
    kind: 'go',
    label: 'Go',
    port,
    start: startOf('go.mod', ['go', 'run', '.']),
    healthPath: healthPathIn(files.text('main.go')),
    dockerfile: dockerfileOf(
      `FROM golang:${version} AS build`,
      'WORKDIR /src',
      'COPY go.* ./',
      'RUN go mod download',
      'COPY . .',
      'RUN CGO_ENABLED=0 go build -trimpath -o /out/server .',
      '',
      'FROM gcr.io/distroless/static-debian12:nonroot',
      'COPY --from=build /out/server /server',
      `EXPOSE ${port}`,
      'CMD ["/server"]',
    ),
    dockerignore: dockerignoreOf(),
    notes: ['with the process runtime it is started by `go run .`: every host needs Go, and the first start compiles'],
  }
}

/** With a package.json the top folder is source more often than site. */
const webRoots = (files: ProjectFiles) => (files.has('package.json') ? ['dist', 'build', 'public', ''] : ['', 'public', 'dist', 'build', 'src'])
export function detectStatic(files: ProjectFiles): DetectedProject | undefined {
  const root = webRoots(files).find((folder) => files.has(folder === '' ? 'index.html' : `${folder}/index.html`))
  if (root === undefined) return undefined
  return {
    kind: 'static',
    label: 'static site',
    port: 8080,
    start: { kind: 'static', root: root === '' ? '.' : root, env: {}, origin: `${root === '' ? '' : `${root}/`}index.html` },
    healthPath: undefined,
    dockerfile: dockerfileOf('FROM nginxinc/nginx-unprivileged:alpine', `COPY ${root === '' ? '.' : root} /usr/share/nginx/html`, 'EXPOSE 8080'),
    dockerignore: dockerignoreOf('node_modules'),
    notes: [],
  }
}
