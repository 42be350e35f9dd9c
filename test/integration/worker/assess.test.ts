import { strict as assert } from 'node:assert'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { kanteLauncher, run } from '../../testkit/command.ts'
import { cleanEnvironment } from '../../testkit/platform.ts'

async function openProject(texts: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'kante-assess-'))
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return {
    folder,
    assess: (...args: readonly string[]) =>
      run(kanteLauncher, ['worker', 'assess', ...args], { cwd: folder, env: { ...cleanEnvironment(), KANTE_HOME: join(folder, '.home') } }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
const worker = (name: string, code: string, more = '') => ({
  [`${name}/wrangler.toml`]: `name = "${name}"\nmain = "src/index.ts"\n${more}`,
  [`${name}/src/index.ts`]: code,
})

test('a monorepo lists its Workers, one is assessed in full, a broken one does not hide the others', async () => {
  await using project = await openProject({
    ...worker(
      'tasks',
      `import { Hono } from 'hono'; const app = new Hono(); app.get('/tasks', (c) => c.env.DB.prepare('x').all()); export default app`,
      '[[d1_databases]]\nbinding = "DB"\n',
    ),
    ...worker(
      'hello',
      `export default { fetch(request) { return new URL(request.url).pathname === '/health' ? new Response('ok') : new Response('Hello from Edge!') } }`,
    ),
    ...worker('broken', 'x', 'oops'),
  })
  const all = await project.assess()
  assert.equal(all.code, 2)
  assert.match(all.stdout, /tasks +Move/)
  assert.match(all.stdout, /hello +Stay/)
  assert.match(all.stdout, /broken: wrangler\.toml:3: /)
  const one = await project.assess('tasks', '--json')
  assert.equal(one.code, 0, one.stderr)
  const found = JSON.parse(one.stdout) as { decision: { verdict: string }; routes: readonly { path: string; file: string }[] }
  assert.equal(found.decision.verdict, 'move')
  assert.deepEqual(
    found.routes.map((route) => `${route.path} ${route.file}`),
    ['/tasks src/index.ts'],
  )
  const html = await project.assess('hello', '--format', 'html', '--output', 'report.html')
  assert.equal(html.code, 0, html.stderr)
  assert.match(await readFile(join(project.folder, 'report.html'), 'utf8'), /^<!doctype html>[^]*Stay on Workers/)
})

test('folders that are no Worker are refused with a reason and code 2; links out of the project are not read', async () => {
  await using project = await openProject({
    'empty/readme.md': 'x',
    'server/index.js': 'require("http").createServer()',
    'linked/wrangler.toml': 'main = "index.js"',
  })
  await symlink('/etc/passwd', join(project.folder, 'linked', 'index.js'))
  for (const [folder, message] of [
    ['empty', /has no code to assess/],
    ['server', /is no Worker/],
    ['linked', /wrangler\.toml:1: main: index\.js is not there/],
  ] as const) {
    const result = await project.assess(folder)
    assert.equal(result.code, 2, result.stdout)
    assert.match(result.stderr, message)
  }
  assert.equal((await project.assess('nowhere')).code, 1)
})
