import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually, testedClientReads } from './open-test-proxy.ts'
import { rawApp, RawSocket } from './raw-socket.ts'

const gigabytes = 2 * 1024 ** 3
const allowedGrowthBytes = 20 * 1024 ** 2
/** By events Node.js allocates 64 KB for each read; the allocator keeps tens of megabytes of them, however long the body. */
const flowingUploadBytes = testedClientReads === 'events' ? 96 * 1024 ** 2 : allowedGrowthBytes
/** How much of it is then really carried: enough to see that memory does not grow with it. */
const resumedBytes = 300 * 1024 ** 2
const block = Buffer.alloc(1 << 20, 'x')

function assertSmall(beforeBytes: number, afterBytes: number, allowedBytes = allowedGrowthBytes): void {
  assert.ok(afterBytes - beforeBytes < allowedBytes, `grew by ${Math.round((afterBytes - beforeBytes) / 1024 ** 2)} MB`)
}

interface EdgeProcess extends AsyncDisposable {
  readonly port: number
  residentBytes(): Promise<number>
}
async function startEdge(appPort: number): Promise<EdgeProcess> {
  const child: ChildProcess = fork(fileURLToPath(new URL('edge-process.ts', import.meta.url)), [String(appPort)], {
    execArgv: ['--expose-gc', '--max-semi-space-size=1'],
  })
  const ask = async <T>(): Promise<T> => ((await once(child, 'message')) as [T])[0]
  const { port } = await ask<{ port: number }>()
  return {
    port,
    async residentBytes() {
      child.send('memory')
      return (await ask<{ residentBytes: number }>()).residentBytes
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}
/** Writes until the other side takes no more; tells how much went out. */
function pour(raw: RawSocket, totalBytes: number): { readonly sentBytes: number } {
  let left = totalBytes
  const push = () => {
    while (left > 0) {
      const piece = left < block.length ? block.subarray(0, left) : block
      left -= piece.length
      if (!raw.socket.write(piece)) return
    }
  }
  raw.socket.on('drain', push)
  push()
  return {
    get sentBytes() {
      return totalBytes - left - raw.socket.writableLength
    },
  }
}
/** Waits until a number has stopped growing. */
async function stalls(read: () => number): Promise<number> {
  let last = -1
  let sameSince = Date.now()
  await eventually(() => {
    const now = read()
    if (now !== last) {
      last = now
      sameSince = Date.now()
    }
    return Date.now() - sameSince > 300
  }, 'the sender is stopped')
  return last
}
/** A first message each way, so that what a process allocates once is not counted. */
async function warmUp(edge: EdgeProcess): Promise<number> {
  for (let i = 0; i < 20; i++) {
    await using client = await RawSocket.to(edge.port)
    client.write('GET /small HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.has('\r\n\r\nok')
  }
  return edge.residentBytes()
}

test('a download of 2 GB to a client that stalls is not read into memory, and goes on when the client does', async () => {
  let poured: { readonly sentBytes: number } | undefined
  await using app = await rawApp((raw) =>
    raw.socket.on('data', () => {
      if (!raw.text.endsWith('\r\n\r\n')) return
      const isSmall = raw.text.includes('/small')
      raw.text = ''
      raw.write(isSmall ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' : `HTTP/1.1 200 OK\r\nContent-Length: ${gigabytes}\r\n\r\n`)
      if (!isSmall) poured = pour(raw, gigabytes)
    }),
  )
  await using edge = await startEdge(app.port)
  const before = await warmUp(edge)
  await using client = await RawSocket.to(edge.port)
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.has('\r\n\r\n')
  client.countOnly()
  client.socket.pause()
  await stalls(() => poured?.sentBytes ?? 0)
  assertSmall(before, await edge.residentBytes())
  client.socket.resume()
  await client.until((raw) => raw.bytes >= resumedBytes, 20_000)
  assertSmall(before, await edge.residentBytes())
})

test('an upload of 2 GB to an app that stalls is not read into memory, and goes on when the app does', async () => {
  const isStalled = { value: true }
  await using app = await rawApp((raw) => {
    raw.socket.on('data', () => {
      if (raw.text.startsWith('GET') && raw.text.endsWith('\r\n\r\n')) {
        raw.text = ''
        raw.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      } else if (raw.text.startsWith('POST')) {
        raw.countOnly()
        if (isStalled.value) raw.socket.pause()
      }
    })
  })
  await using edge = await startEdge(app.port)
  const before = await warmUp(edge)
  await using client = await RawSocket.to(edge.port)
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${gigabytes}\r\n\r\n`)
  const poured = pour(client, gigabytes)
  await stalls(() => poured.sentBytes)
  assertSmall(before, await edge.residentBytes())
  const upstream = app.connections.findLast(({ bytes }) => bytes > 1000) ?? assert.fail('the upload did not arrive')
  isStalled.value = false
  upstream.socket.resume()
  await upstream.until((raw) => raw.bytes >= resumedBytes, 20_000)
  assertSmall(before, await edge.residentBytes(), flowingUploadBytes)
})
