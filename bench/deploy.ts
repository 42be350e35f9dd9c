/**
 * Deploys under a steady load: failed requests, and how long a one-line change takes to be live.
 *
 *   node bench/deploy.ts [--strategy rolling|immediate|canary|bluegreen] [--deploys 20] [--rate 200] [--machines 2]
 */
import { plainApp, plainServerOfVersion } from '../test/testkit/app.ts'
import { ask } from '../test/testkit/http.ts'
import { openLoad } from '../test/testkit/load.ts'
import { openTestPlatform } from '../test/testkit/platform.ts'

const text = (name: string, fallback: string) => (process.argv.includes(name) ? (process.argv[process.argv.indexOf(name) + 1] ?? fallback) : fallback)
const strategy = text('--strategy', 'rolling')
const deploys = Number(text('--deploys', '20'))
const perSecond = Number(text('--rate', '200'))
const machines = text('--machines', '2')

await using platform = await openTestPlatform({ regions: ['fra', 'cdg', 'iad'] })
await using app = await plainApp('busy')
await platform.kante(['apps', 'create', 'busy'])
await platform.kante(['deploy'], { cwd: app.dir })
if (machines !== '2') await platform.kante(['scale', 'count', machines, '-a', 'busy', '-y'])
const load = await openLoad({ port: platform.edgePort('fra'), host: 'busy.localhost', perSecond })
const seconds: number[] = []
for (let version = 2; version < deploys + 2; version++) {
  await app.write('server.js', plainServerOfVersion(version))
  const start = performance.now()
  await platform.kante(['deploy', '--strategy', strategy], { cwd: app.dir })
  seconds.push((performance.now() - start) / 1000)
  const { body } = await ask({ port: platform.edgePort('fra'), host: 'busy.localhost' })
  if ((JSON.parse(body) as { version: number }).version !== version) throw new Error(`deploy ${version} is not live: ${body}`)
}
const result = await load.stop()
const sorted = seconds.toSorted((a, b) => a - b)
console.log(
  `| ${strategy} deploys of ${machines} machines at ${perSecond} req/s | requests | failed | longest request ms | deploy s, median | slowest |\n|---|---|---|---|---|---|`,
)
console.log(
  `| ${deploys} | ${result.sent} | ${result.failed} | ${result.longestMs.toFixed(0)} | ${sorted[Math.floor(sorted.length / 2)]?.toFixed(2)} | ${sorted.at(-1)?.toFixed(2)} |`,
)
if (result.failed > 0) {
  console.log(result.failures.join('\n'))
  process.exitCode = 1
}
