import { strict as assert } from 'node:assert'
import { describe, test } from 'node:test'
import { readProcess } from '../../../src/host/keeper/process-table.ts'
import { isFault } from '../../../src/model/fault/fault.ts'
import type { RunSpec, Runtime } from '../../../src/host/runtime/runtime-contract.ts'
import { until } from '../../testkit/until.ts'
import type { RuntimeFixture, TestProgram } from './runtime-fixture.ts'

const idle: TestProgram = { source: `console.log('ready'); setInterval(() => {}, 1000)` }
const server = (text: string, port = 8080): TestProgram => ({
  source: `import { createServer } from 'node:http'
    createServer((request, response) => response.end(${JSON.stringify(text)})).listen(${port}, () => console.log('ready'))`,
})
/** A zombie that its parent has not waited for is gone. */
const isAlive = (pid: number) => readProcess(pid)?.isZombie === false

/** What every runtime owes its host, whatever it starts machines with. */
export function describeRuntime(name: string, open: () => Promise<RuntimeFixture>): void {
  describe(name, { concurrency: false }, () => {
    const started = async (fixture: RuntimeFixture, program: TestProgram, runId: string, more?: Partial<RunSpec>) => {
      const spec = await fixture.spec(program, more)
      const run = await fixture.runtime.start(spec, runId)
      return { spec, run }
    }
    const ready = async (fixture: RuntimeFixture, program: TestProgram, runId: string, more?: Partial<RunSpec>) => {
      const begun = await started(fixture, program, runId, more)
      await until(`${runId} is ready`, async () => (await fixture.lines(begun.spec.machine)).includes('ready'))
      return begun
    }
    const stop = (runtime: Runtime, spec: RunSpec, runId: string) => runtime.stop(spec.machine, runId, { signal: 'SIGTERM', timeoutMs: 2_000 })

    test('an exit code and the last output are kept', async () => {
      await using fixture = await open()
      const { spec } = await started(fixture, { source: `console.log('one'); console.error('two'); process.exitCode = 7` }, 'r1')
      const exit = await fixture.exitOf('r1')
      assert.deepEqual([exit.machine, exit.exitCode, exit.signal, exit.cause], [spec.machine, 7, 0, 'exit'])
      assert.deepEqual((await fixture.lines(spec.machine)).toSorted(), ['one', 'two'])
    })

    test('a signal that ends the program is told as such', async () => {
      await using fixture = await open()
      await started(fixture, { source: `process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)` }, 'r1')
      const exit = await fixture.exitOf('r1')
      assert.deepEqual([exit.exitCode, exit.signal], [137, 9])
    })

    test('a program that ignores the signal is killed at its timeout, with all its children', async () => {
      await using fixture = await open()
      const { spec, run } = await ready(
        fixture,
        {
          source: `import { spawn } from 'node:child_process'
            process.on('SIGTERM', () => console.log('no'))
            const stubborn = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"])
            const elsewhere = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true })
            console.log('pids', stubborn.pid, elsewhere.pid)
            console.log('ready')`,
        },
        'r1',
      )
      const pids = await until('its group of two processes', async () => {
        const found = await fixture.runtime.pids(spec.machine, 'r1')
        return found.length >= 2 && found
      })
      assert.equal(pids[0], run.pid)
      const printed = (await fixture.lines(spec.machine)).find((line) => line.startsWith('pids '))
      const all = [...pids, ...(printed ?? '').split(' ').slice(1).map(Number)]
      assert.deepEqual(
        all.filter((pid) => !isAlive(pid)),
        [],
      )
      await fixture.runtime.stop(spec.machine, 'r1', { signal: 'SIGTERM', timeoutMs: 300 })
      assert.deepEqual(all.filter(isAlive), [])
      const exit = await fixture.exitOf('r1')
      assert.deepEqual([exit.exitCode, exit.signal], [137, 9])
      assert.ok((await fixture.lines(spec.machine)).includes('no'))
    })

    test('a program that heeds the signal ends with its own code', async () => {
      await using fixture = await open()
      const { spec } = await ready(
        fixture,
        { source: `process.on('SIGINT', () => process.exit(3)); setInterval(() => {}, 1000); console.log('ready')` },
        'r1',
      )
      await fixture.runtime.stop(spec.machine, 'r1', { signal: 'SIGINT', timeoutMs: 5_000 })
      assert.equal((await fixture.exitOf('r1')).exitCode, 3)
    })

    test('stopping what has ended is no error', async () => {
      await using fixture = await open()
      const { spec } = await started(fixture, { source: '' }, 'r1')
      await fixture.exitOf('r1')
      await stop(fixture.runtime, spec, 'r1')
      await fixture.runtime.acknowledgeExit('r1')
      await stop(fixture.runtime, spec, 'r1')
    })

    test('a program that does not exist is a spawn fault and leaves no run', async () => {
      await using fixture = await open()
      const spec = await fixture.spec(idle, { argv: ['no-such-program-here'] })
      await assert.rejects(fixture.runtime.start(spec, 'r1'), (error) => isFault(error, 'spawn_failed'))
      assert.deepEqual(await fixture.runtime.adopt(), { running: [], exits: [] })
    })

    test('starting the same run twice starts it once', async () => {
      await using fixture = await open()
      const { spec, run } = await ready(fixture, idle, 'r1')
      assert.equal((await fixture.runtime.start(spec, 'r1')).pid, run.pid)
      const pids = await fixture.runtime.pids(spec.machine, 'r1')
      assert.deepEqual(pids, [run.pid])
    })

    test('a suspended program does nothing until it is resumed', async () => {
      await using fixture = await open()
      const { spec } = await ready(fixture, { source: `console.log('ready'); let n = 0; setInterval(() => console.log(++n), 10)` }, 'r1')
      await fixture.runtime.suspend(spec.machine, 'r1')
      assert.equal((await fixture.runtime.adopt()).running[0]?.suspended, true)
      const cpuOf = async () => (await fixture.runtime.usage(spec.machine, 'r1')).cpuMs
      const linesOf = async () => (await fixture.lines(spec.machine)).length
      // What was on its way when it froze may still arrive.
      let before = await linesOf()
      await until('its output stands still', async () => before === (before = await linesOf()), 5_000, 60)
      const cpuMs = await cpuOf()
      await fixture.runtime.resume(spec.machine, 'r1')
      await until('it goes on', async () => (await linesOf()) > before + 3)
      assert.ok((await cpuOf()) >= cpuMs)
      assert.equal((await fixture.runtime.adopt()).running[0]?.suspended, false)
    })

    test('a suspended program can be stopped', async () => {
      await using fixture = await open()
      const { spec } = await ready(fixture, idle, 'r1')
      await fixture.runtime.suspend(spec.machine, 'r1')
      await stop(fixture.runtime, spec, 'r1')
      assert.equal((await fixture.exitOf('r1')).signal, 9)
    })

    test('exec runs beside the program, with its files and environment, and its code comes back', async () => {
      await using fixture = await open()
      const { spec } = await ready(fixture, { ...idle, files: { 'note.txt': 'hello' } }, 'r1', { env: { COLOUR: 'green' } })
      const source = `process.stdin.pipe(process.stdout); console.log(require('fs').readFileSync('note.txt', 'utf8'), process.env.COLOUR); console.error('err'); process.exitCode = 4`
      const result = await fixture.runtime.exec(spec, 'r1', { argv: ['node', '-e', source], stdin: 'in\n', timeoutMs: 5_000 })
      assert.deepEqual([result.exitCode, result.signal, result.stderr], [4, 0, 'err\n'])
      assert.deepEqual(result.stdout.split('\n').toSorted(), ['', 'hello green', 'in'])
    })

    test('exec that takes too long is a timeout, and what it started is gone', async () => {
      await using fixture = await open()
      const { spec } = await ready(fixture, idle, 'r1')
      const before = await fixture.runtime.pids(spec.machine, 'r1')
      const run = fixture.runtime.exec(spec, 'r1', { argv: ['node', '-e', 'setInterval(() => {}, 1000)'], timeoutMs: 200 })
      await assert.rejects(run, (error) => isFault(error, 'timed_out'))
      assert.deepEqual(await fixture.runtime.pids(spec.machine, 'r1'), before)
    })

    test('the environment is the one of the machine and nothing else', async () => {
      process.env['DAEMON_TOKEN_OF_TEST'] = 'must not be seen'
      try {
        await using fixture = await open()
        const { spec } = await started(fixture, { source: 'console.log(JSON.stringify(process.env))' }, 'r1', {
          env: { FLY_REGION: 'fra', GREETING: 'hi' },
        })
        await fixture.exitOf('r1')
        const found = JSON.parse((await fixture.lines(spec.machine))[0] ?? '{}') as Record<string, string>
        assert.equal(found['GREETING'], 'hi')
        assert.equal(found['FLY_REGION'], 'fra')
        assert.ok(found['PATH'])
        const known =
          /^(FLY_REGION|GREETING|PATH|HOME|PORT|HOST|HOSTNAME|NODE_OPTIONS|BUN_OPTIONS|PYTHONPATH|DENO_SERVE_ADDRESS|KANTE_BIND_(ADDRESS|PORTS)|KANTE_RUN|NODE_COMPILE_CACHE)$/
        assert.deepEqual(
          Object.keys(found).filter((key) => !known.test(key)),
          [],
        )
      } finally {
        delete process.env['DAEMON_TOKEN_OF_TEST']
      }
    })

    test('many machines listen on the same port at once', async () => {
      await using fixture = await open()
      const specs = await Promise.all(['a', 'b', 'c', 'd'].map(async (text) => (await started(fixture, server(text), `run-${text}`)).spec))
      const answers = await Promise.all(specs.map((spec) => fixture.get(spec, 8080)))
      assert.deepEqual(answers, ['a', 'b', 'c', 'd'])
    })

    test('a machine reaches itself under localhost', async () => {
      await using fixture = await open()
      const { spec } = await started(
        fixture,
        {
          source: `import { createServer } from 'node:http'
            createServer((request, response) => response.end('me')).listen(8080, async () => console.log(await (await fetch('http://localhost:8080/')).text()))`,
        },
        'r1',
      )
      await until('it has called itself', async () => (await fixture.lines(spec.machine)).includes('me'))
    })

    test('every start begins with the files of the bundle', async () => {
      await using fixture = await open()
      const source = `import { existsSync, writeFileSync } from 'node:fs'
        console.log(existsSync('left'), existsSync('node_modules/dep/left'), (await import('dep')).name)
        writeFileSync('left', ''); writeFileSync('node_modules/dep/left', '')`
      const dependencies = {
        'node_modules/dep/package.json': '{"type":"module","exports":"./index.js"}',
        'node_modules/dep/index.js': 'export const name = "dep"',
      }
      const { spec } = await started(fixture, { source, dependencies }, 'r1')
      await fixture.exitOf('r1')
      await fixture.runtime.prepare(spec)
      await fixture.runtime.prepare(spec)
      await fixture.runtime.start(spec, 'r2')
      await fixture.exitOf('r2')
      assert.deepEqual(await fixture.lines(spec.machine), ['false false dep', 'false false dep'])
    })

    test('machines outlive the daemon that started them', async () => {
      await using fixture = await open()
      const spec = await fixture.spec({ source: `console.log('ready'); let n = 0; setInterval(() => console.log(++n), 10)` })
      await fixture.startByDoomedDaemon(spec, 'r1')
      const { running } = await fixture.runtime.adopt()
      assert.deepEqual(
        running.map((run) => [run.machine, run.runId]),
        [[spec.machine, 'r1']],
      )
      const before = (await fixture.lines(spec.machine)).length
      await until('it still prints', async () => (await fixture.lines(spec.machine)).length > before + 3)
      assert.deepEqual(await fixture.runtime.pids(spec.machine, 'r1'), [running[0]?.pid])
      await stop(fixture.runtime, spec, 'r1')
      assert.equal((await fixture.exitOf('r1')).signal, 15)
    })

    test('what ended while no daemon was there is told with its code, until it is acknowledged', async () => {
      await using fixture = await open()
      const spec = await fixture.spec({ source: `console.log('ready'); setTimeout(() => { console.log('last words'); process.exit(9) }, 300)` })
      await fixture.startByDoomedDaemon(spec, 'r1')
      const exits = await until('the exit', async () => {
        const found = (await fixture.runtime.adopt()).exits
        return found.length > 0 && found
      })
      assert.deepEqual(
        exits.map((exit) => [exit.machine, exit.runId, exit.exitCode, exit.cause]),
        [[spec.machine, 'r1', 9, 'exit']],
      )
      assert.ok((await fixture.lines(spec.machine)).includes('last words'))
      assert.equal((await fixture.runtime.adopt()).exits.length, 1)
      await fixture.runtime.acknowledgeExit('r1')
      assert.deepEqual(await fixture.runtime.adopt(), { running: [], exits: [] })
    })

    test('usage tells memory and processor time', async () => {
      await using fixture = await open()
      const { spec } = await ready(fixture, idle, 'r1')
      const { rssBytes, cpuMs } = await fixture.runtime.usage(spec.machine, 'r1')
      assert.ok(rssBytes > 10 * 1024 * 1024 && cpuMs > 0, `${rssBytes} bytes, ${cpuMs} ms`)
    })

    test('removing a machine is idempotent and spares the others', async () => {
      await using fixture = await open()
      const { spec } = await started(fixture, { source: '' }, 'r1')
      await fixture.exitOf('r1')
      const other = await ready(fixture, idle, 'r2')
      await fixture.runtime.remove(spec.machine)
      await fixture.runtime.remove(spec.machine)
      const result = await fixture.runtime.exec(other.spec, 'r2', { argv: ['node', '-p', '1'], timeoutMs: 5_000 })
      assert.equal(result.exitCode, 0)
    })
  })
}
