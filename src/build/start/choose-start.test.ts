import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDockerfile } from '../dockerfile/parse-dockerfile.ts'
import { projectOf } from '../detect/project-files.ts'
import { chooseStart, startFileOf } from './choose-start.ts'
import { startOf } from './start.ts'

const json = (value: unknown) => JSON.stringify(value)
const choose = (files: Readonly<Record<string, string>>, processes: Readonly<Record<string, string>> = {}) => {
  const dockerfile = files['Dockerfile']
  return chooseStart({ processes }, dockerfile === undefined ? undefined : parseDockerfile('Dockerfile', dockerfile).final, projectOf(files))
}
const argvOf = (files: Readonly<Record<string, string>>, processes?: Readonly<Record<string, string>>) => {
  const { start } = choose(files, processes)
  return start?.kind === 'command' ? start.argv : start
}
const docker = (command: string) => `FROM node:20-alpine\nWORKDIR /app\nCOPY . .\n${command}\n`

test('[processes] comes before the Dockerfile, the Dockerfile before package.json', () => {
  const files = { Dockerfile: docker('CMD ["node", "index.js"]'), 'package.json': json({ scripts: { start: 'node other.js' } }), 'index.js': '' }
  assert.deepEqual(argvOf(files, { web: 'node web.js', worker: 'node worker.js' }), ['node', 'web.js'])
  assert.deepEqual(argvOf(files, { app: '' }), ['node', 'index.js'])
  assert.deepEqual(argvOf(files), ['node', 'index.js'])
  assert.deepEqual(argvOf({ ...files, Dockerfile: docker('') }), ['node', 'other.js'])
})

test('package managers are stepped over where that is the same', () => {
  const start = (scripts: Readonly<Record<string, string>>, command = 'CMD npm start') =>
    choose({ Dockerfile: docker(command), 'package.json': json({ scripts }) }).start
  const argv = (scripts: Readonly<Record<string, string>>, command?: string) => {
    const found = start(scripts, command)
    return found?.kind === 'command' ? found.argv : undefined
  }
  assert.deepEqual(argv({ start: 'node index.js' }), ['node', 'index.js'])
  assert.deepEqual(argv({ start: 'npm run serve', serve: 'next start -p 3000' }), ['./node_modules/.bin/next', 'start', '-p', '3000'])
  assert.deepEqual(argv({ prod: 'node a.js' }, 'CMD ["npm", "run", "prod"]'), ['node', 'a.js'])
  assert.deepEqual(argv({ start: 'node a.js && true' }), ['npm', 'start'])
  assert.deepEqual(argv({ start: 'node a.js', prestart: 'x' }), ['npm', 'start'])
  assert.deepEqual(argv({ start: 'npm start' }), ['npm', 'start'])
  assert.deepEqual(start({ start: 'cross-env NODE_ENV=production A=b node a.js' })?.env, { NODE_ENV: 'production', A: 'b' })
})

test('paths of the image become paths of the project', () => {
  const files = { 'index.js': '', 'run.sh': '' }
  assert.deepEqual(argvOf({ ...files, Dockerfile: docker('CMD ["/usr/local/bin/node", "/app/index.js"]') }), ['node', './index.js'])
  assert.deepEqual(argvOf({ ...files, Dockerfile: docker('ENTRYPOINT ["/app/run.sh"]\nCMD ["x"]') }), ['./run.sh', 'x'])
  assert.deepEqual(argvOf({ ...files, Dockerfile: docker('CMD uvicorn main:app --port 8080') }), [
    'python3',
    '-m',
    'uvicorn',
    'main:app',
    '--port',
    '8080',
  ])
  assert.deepEqual(argvOf({ ...files, Dockerfile: docker('CMD exec node index.js | tee log') }), ['/bin/sh', '-c', 'exec node index.js | tee log'])
})

test('a program that only the image has falls back to the project, and says so', () => {
  const choice = choose({
    Dockerfile: 'FROM golang AS build\nRUN go build -o /s\nFROM scratch\nCOPY --from=build /s /s\nCMD ["/s"]',
    'go.mod': 'module x\ngo 1.25',
  })
  assert.deepEqual(choice.start?.kind === 'command' && choice.start.argv, ['go', 'run', '.'])
  assert.match(choice.notes.join('\n'), /copied from build[\s\S]*\/s is made in the image/)
})

test('steps that are not done are named, installing dependencies is not among them', () => {
  const notes = (run: string) => choose({ Dockerfile: `FROM a\nRUN ${run}\nCMD ["node", "x.js"]` }).notes.join()
  for (const run of [
    'npm ci --only=production',
    'npm install',
    'pip install --no-cache-dir -r requirements.txt',
    'yarn install --frozen-lockfile',
    '--mount=type=cache,target=/c npm ci',
  ])
    assert.equal(notes(run), '', run)
  for (const run of ['npm ci && npm run build', 'npm run build', 'apt-get update', 'pip install torch'])
    assert.ok(notes(run).includes('not done'), run)
})

test("a Dockerfile's environment goes with the command", () => {
  const { start } = choose({ Dockerfile: docker('ENV NODE_ENV=production PORT=3000\nCMD ["node","index.js"]') })
  assert.deepEqual(start?.env, { NODE_ENV: 'production', PORT: '3000' })
})

test('the file that a command runs is known where its words say so plainly', () => {
  const file = (...argv: readonly string[]) => startFileOf(startOf('x', argv))
  assert.equal(file('node', './dist/index.js'), 'dist/index.js')
  assert.equal(file('python3', 'main.py'), 'main.py')
  assert.equal(file('./run.sh'), 'run.sh')
  assert.equal(file('node', '--import', 'x', 'y.js'), undefined)
  assert.equal(file('./node_modules/.bin/next', 'start'), undefined)
})
