import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseDockerfile } from '../dockerfile/parse-dockerfile.ts'
import { detectProject } from './detect-project.ts'
import { projectOf } from './project-files.ts'

const json = (value: unknown) => JSON.stringify(value)
const detect = (files: Readonly<Record<string, string>>) => detectProject(projectOf(files))
/** Files of a project, then label, port and command that they must lead to. */
const cases: readonly (readonly [Readonly<Record<string, string>>, string, number, readonly string[] | string | undefined])[] = [
  [
    { 'package.json': json({ dependencies: { express: '5' } }), 'index.js': 'app.listen(8080, () => {})' },
    'Node.js (Express)',
    8080,
    ['node', 'index.js'],
  ],
  [
    {
      'package.json': json({ scripts: { start: 'node src/server.js' }, dependencies: { hono: '4' } }),
      'src/server.js': 'const port = process.env.PORT || 3000',
    },
    'Node.js (Hono)',
    3000,
    ['node', 'src/server.js'],
  ],
  [
    { 'package.json': json({ main: './lib/main.js' }), 'lib/main.js': "listen(Number(process.env['PORT'] ?? 4000))" },
    'Node.js',
    4000,
    ['node', 'lib/main.js'],
  ],
  [
    { 'package.json': json({ dependencies: { next: '16' }, scripts: { build: 'next build', start: 'next start' } }) },
    'Node.js (Next.js)',
    3000,
    ['./node_modules/.bin/next', 'start'],
  ],
  [{ 'package.json': '{}', 'bun.lock': '', 'index.ts': 'export default { port: 4321 }' }, 'Bun', 4321, ['bun', 'index.ts']],
  [{ 'package.json': 'no json', 'index.html': '' }, 'static site', 8080, '.'],
  [{ 'package.json': json({ scripts: { build: 'vite build' } }), 'index.html': '', 'dist/index.html': '' }, 'static site', 8080, 'dist'],
  [
    { 'deno.json': json({ tasks: { start: 'deno run -A main.ts' } }), 'main.ts': 'Deno.serve({ port: 9000 }, f)' },
    'Deno',
    9000,
    ['deno', 'run', '-A', 'main.ts'],
  ],
  [{ 'main.ts': 'Deno.serve(f)' }, 'Deno', 8000, ['deno', 'run', '--allow-net', '--allow-env', '--allow-read', 'main.ts']],
  [
    { 'requirements.txt': 'fastapi==0.1\nuvicorn[standard]', 'main.py': 'api = FastAPI()' },
    'Python (FastAPI)',
    8080,
    ['python3', '-m', 'uvicorn', 'main:api', '--host', '0.0.0.0', '--port', '8080'],
  ],
  [
    { 'requirements.txt': 'Flask\ngunicorn', 'app.py': 'app = Flask(__name__)' },
    'Python (Flask)',
    8080,
    ['python3', '-m', 'gunicorn', '--bind', '0.0.0.0:8080', 'app:app'],
  ],
  [
    { 'requirements.txt': 'flask', 'app.py': 'web: Flask = Flask(__name__)' },
    'Python (Flask)',
    8080,
    ['python3', '-m', 'flask', '--app', 'app:web', 'run', '--host', '0.0.0.0', '--port', '8080'],
  ],
  [
    { 'requirements.txt': 'Django>=5', 'manage.py': '' },
    'Python (Django)',
    8000,
    ['python3', 'manage.py', 'runserver', '0.0.0.0:8000', '--noreload'],
  ],
  [{ 'main.py': 'PORT = 7000' }, 'Python', 7000, ['python3', 'main.py']],
  [{ 'go.mod': 'module x\n\ngo 1.24\n', 'main.go': 'http.ListenAndServe(":3333", nil)' }, 'Go', 3333, ['go', 'run', '.']],
  [{ 'public/index.html': '' }, 'static site', 8080, 'public'],
]

test('a project is known by its files', () => {
  for (const [files, label, port, command] of cases) {
    const found = detect(files)
    const start = found?.start?.kind === 'static' ? found.start.root : found?.start?.argv
    assert.deepEqual([found?.label, found?.port, start], [label, port, command], json(files))
  }
  assert.equal(detect({ 'README.md': '' }), undefined)
})

test('each Dockerfile that launch would write is sound, exposes the port and starts the same command', () => {
  for (const [files, label, port] of cases) {
    const found = detect(files)
    const { final } = parseDockerfile('Dockerfile', found?.dockerfile ?? '')
    assert.deepEqual(final.ports, [port], label)
    if (found?.kind === 'go' || found?.kind === 'static') continue
    assert.deepEqual(final.command?.argv, found?.start?.kind === 'command' ? found.start.argv : undefined, label)
  }
})

test('a build script makes a stage and a note', () => {
  const found = detect({ 'package.json': json({ scripts: { build: 'tsc', start: 'node dist/a.js' } }), 'package-lock.json': '{}' })
  assert.match(found?.dockerfile ?? '', /AS build[\s\S]*npm ci --include=dev[\s\S]*npm run build[\s\S]*COPY --from=build/)
  assert.equal(found?.notes.length, 1)
})

test('no files make detection throw', () => {
  const names = [
    'package.json',
    'deno.json',
    'go.mod',
    'requirements.txt',
    'main.py',
    'index.js',
    'index.html',
    'main.ts',
    'pyproject.toml',
    'bun.lock',
  ]
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.string(), fc.json()), { noNullPrototype: true }), (files) => {
      const found = detect(files)
      if (found !== undefined) parseDockerfile('Dockerfile', found.dockerfile)
    }),
    { numRuns: 200 },
  )
})
