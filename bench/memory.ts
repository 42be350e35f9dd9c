/**
 * Memory of a whole platform at rest: three regions, 100 stopped machines. PSS (shared pages divided among their users) of every process, beside an
 * idle `node` of the same version in the same run, as whose multiple each is printed. Linux.
 *
 *   node bench/memory.ts [--machines 100]
 */
import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { plainApp } from '../test/testkit/app.ts'
import { openTestPlatform } from '../test/testkit/platform.ts'

const count = process.argv.includes('--machines') ? Number(process.argv[process.argv.indexOf('--machines') + 1]) : 100
const regions = ['fra', 'cdg', 'iad']

await using platform = await openTestPlatform({ regions })
await using app = await plainApp('resting')
await platform.kante(['apps', 'create', 'resting'])
await platform.kante(['deploy', '--ha=false'], { cwd: app.dir })
const [first] = await platform.json<readonly { id: string; config: object }[]>(['machine', 'list', '-a', 'resting'])
if (first === undefined) throw new Error('the deploy made no machine')
await platform.kante(['machine', 'stop', first.id, '-a', 'resting'])
for (let i = 1; i < count; i++) {
  const { status, body } = await platform.api('POST', '/v1/apps/resting/machines', {
    region: regions[i % 3],
    skip_launch: true,
    config: first.config,
  })
  if (status !== 200) throw new Error(`creating machine ${i}: ${status} ${JSON.stringify(body)}`)
}
const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' })
await sleep(10_000)
try {
  const yardstick = await pssMb(bare.pid ?? 0)
  const rows = await Promise.all((await processesOf(platform.home)).map(async ({ pid, name }) => ({ name, mb: await pssMb(pid) })))
  rows.sort((a, b) => a.name.localeCompare(b.name))
  console.log(`| process | PSS MB | × idle node (${yardstick.toFixed(1)} MB) |\n|---|---|---|`)
  for (const row of rows) console.log(`| ${row.name} | ${row.mb.toFixed(1)} | ${(row.mb / yardstick).toFixed(2)} |`)
  const total = rows.reduce((sum, row) => sum + row.mb, 0)
  console.log(`| all, ${regions.length} regions, ${count} stopped machines | ${total.toFixed(1)} | ${(total / yardstick).toFixed(2)} |`)
} finally {
  bare.kill('SIGKILL')
}

async function processesOf(home: string): Promise<readonly { readonly pid: number; readonly name: string }[]> {
  const found = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const line = (await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).split('\0')
    if (!line.some((part) => part.includes(home))) continue
    const region = regions.find((code) => line.some((part) => part.includes(`k-${code}.sock`) || part.includes(`hosts/${code}/`))) ?? ''
    const role = line.some((part) => part.includes('keeper')) ? 'keeper' : line.includes('edge') ? 'edge' : 'kanted'
    found.push({ pid: Number(entry), name: `${role} ${region}`.trim() })
  }
  return found
}
async function pssMb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024
}
