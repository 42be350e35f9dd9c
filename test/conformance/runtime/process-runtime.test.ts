import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openHostLogs } from '../../../src/host/logs/open-host-logs.ts'
import { openKeeper } from '../../../src/host/keeper/keeper-client.ts'
import { openProcessRuntime } from '../../../src/host/runtime/process/open-process-runtime.ts'
import type { RunExit, RunSpec } from '../../../src/host/runtime/runtime-contract.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { silentLog } from '../../../src/kit/log.ts'
import { newInstanceId, newMachineId, parseAppName, parseRegionCode } from '../../../src/model/ids.ts'
import { endpointPort } from '../../../src/model/machine/machine-record.ts'
import { until } from '../../testkit/until.ts'
import type { RuntimeFixture } from './runtime-fixture.ts'
import { describeRuntime } from './runtime-suite.ts'
import { testLayers } from './test-layers.ts'

const app = parseAppName('test')
const region = parseRegionCode('fra')

async function openFixture(addressMode: 'own' | 'ports'): Promise<RuntimeFixture> {
  await using opened = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'kante-r-'))
  opened.defer(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }))
  const socket = join(dir, 'k.sock')
  const deps = { clock: systemClock, log: silentLog }
  const keeper = opened.use(await openKeeper(deps, { dir, socket, nodePath: process.execPath }))
  opened.defer(async () => void (await keeper.call('shutdown', {})))
  const layers = testLayers()
  const logs = opened.use(await openHostLogs(deps, { dir: join(dir, 'logs'), region }))
  const path = process.env['PATH'] ?? ''
  const runtime = opened.use(await openProcessRuntime({ ...deps, keeper, layers }, { dir, nodePath: process.execPath, path, addressMode }))
  const exits = new Map<string, RunExit>()
  opened.use(runtime.onEvent((event) => event.type === 'exit' && exits.set(event.exit.runId, event.exit)))
  // Several runs of the tests on one computer meet rarely enough.
  const net = randomBytes(2)
  let count = 1
  const newEndpoint = (): RunSpec['endpoint'] => {
    count++
    if (addressMode === 'ports') return { address: '127.0.0.1', portMap: { 8080: 20_000 + ((net.readUInt16BE() + count) % 12_000) } }
    return { address: `127.${64 + ((net[0] ?? 0) % 128)}.${net[1] ?? 0}.${count}` }
  }
  const owned = opened.move()
  return {
    runtime,
    async spec(program, more) {
      const bundle = await layers.add({
        source: { 'index.mjs': program.source, ...program.files },
        ...(program.dependencies ? { dependencies: program.dependencies } : {}),
        start: { kind: 'command', argv: ['node', 'index.mjs'] },
      })
      return {
        machine: newMachineId(randomBytes),
        app,
        region,
        instanceId: newInstanceId(Date.now(), randomBytes),
        image: `bundle@${bundle}`,
        env: {},
        endpoint: newEndpoint(),
        ports: [8080],
        memoryMb: 256,
        ...more,
      }
    },
    exitOf: (runId) => until(`the exit of ${runId}`, () => exits.get(runId)),
    lines: async (machine) => (await logs.read({ app, machine, limit: 10_000 })).map((line) => line.message),
    async startByDoomedDaemon(spec, runId) {
      await runtime.prepare(spec)
      const entry = join(import.meta.dirname, 'doomed-daemon.ts')
      const daemon = spawn(process.execPath, [entry, dir, socket, runId], { stdio: ['pipe', 'pipe', 'inherit'] })
      daemon.stdin.end(JSON.stringify(spec))
      await once(daemon.stdout, 'data')
      daemon.kill('SIGKILL')
      await once(daemon, 'exit')
    },
    get: (spec, port, at = '/') =>
      until(`${spec.endpoint.address} answers`, async () => {
        const response = await fetch(`http://${spec.endpoint.address}:${endpointPort(spec.endpoint, port)}${at}`)
        return response.text()
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

describeRuntime('process runtime, an address for every machine', () => openFixture('own'))
describeRuntime('process runtime, mapped ports', () => openFixture('ports'))
