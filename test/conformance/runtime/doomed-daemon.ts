/** A daemon that starts one machine and is killed then: `doomed-daemon.ts DIR SOCKET RUNID`, the run's spec as JSON on standard input. */
import { text } from 'node:stream/consumers'
import { openKeeper } from '../../../src/host/keeper/keeper-client.ts'
import { openProcessRuntime } from '../../../src/host/runtime/process/open-process-runtime.ts'
import type { RunSpec } from '../../../src/host/runtime/runtime-contract.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { silentLog } from '../../../src/kit/log.ts'

const [dir = '', socket = '', runId = ''] = process.argv.slice(2)
const deps = { clock: systemClock, log: silentLog }
const keeper = await openKeeper(deps, { dir, socket, nodePath: process.execPath })
const away = () => Promise.reject(new Error('control is away'))
const runtime = await openProcessRuntime(
  { ...deps, keeper, layers: { bundle: away, layer: away } },
  { dir, nodePath: process.execPath, path: process.env['PATH'] ?? '', addressMode: 'own' },
)
const run = await runtime.start(JSON.parse(await text(process.stdin)) as RunSpec, runId)
process.stdout.write(`${run.pid}\n`)
setInterval(() => undefined, 1000)
