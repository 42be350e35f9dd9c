import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { openTestProxy } from './open-test-proxy.ts'
import { answeringApp } from './raw-socket.ts'
import { alwaysTo } from './scripted-brain.ts'

test('1,000 clients at once are each answered', async () => {
  await using app = await answeringApp((head) => {
    const path = head.slice(4, head.indexOf(' ', 4))
    return `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`
  })
  await using proxy = await openTestProxy(alwaysTo(app.port))
  const clients = await Promise.all(Array.from({ length: 1000 }, () => proxy.client()))
  for (const [index, client] of clients.entries()) client.write(`GET /${index} HTTP/1.1\r\nHost: a\r\n\r\n`)
  await Promise.all(clients.map((client, index) => client.until((raw) => raw.text.endsWith(`\r\n\r\n/${index}`), 20_000)))
  for (const client of clients) client.socket.destroy()
  await proxy.eventually(() => proxy.server.stats().connections === 0, 'all have left')
})

interface Message {
  readonly body: string
  readonly isChunked: boolean
  readonly answerChunked: boolean
  readonly answerBytes: number
}
const message: fc.Arbitrary<Message> = fc.record({
  body: fc.oneof(
    fc.constant(''),
    fc.string({ maxLength: 200, unit: 'binary-ascii' }),
    fc.nat(90_000).map((size) => 'y'.repeat(size)),
  ),
  isChunked: fc.boolean(),
  answerChunked: fc.boolean(),
  answerBytes: fc.oneof(fc.nat(50), fc.nat(300_000)),
})
const requestText = ({ body, isChunked, answerChunked, answerBytes }: Message, index: number): string => {
  const start = `POST /${index}/${answerBytes}/${answerChunked ? 'chunked' : 'length'} HTTP/1.1\r\nHost: a\r\n`
  if (!isChunked) return `${start}Content-Length: ${body.length}\r\n\r\n${body}`
  const pieces = body.match(/[^]{1,7000}/g) ?? []
  return `${start}Transfer-Encoding: chunked\r\n\r\n${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`
}
/** Reads answers off a byte stream by their framing; trusts nothing else. */
function readAnswers(text: string): { bodies: string[]; rest: string } {
  const bodies: string[] = []
  let rest = text
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return { bodies, rest }
    const head = rest.slice(0, end)
    let at = end + 4
    let body = ''
    const length = /\r\nContent-Length: (\d+)/.exec(head)
    if (length !== null) {
      body = rest.slice(at, at + Number(length[1]))
      if (body.length < Number(length[1])) return { bodies, rest }
      at += body.length
    } else {
      for (let size = -1; size !== 0;) {
        const line = rest.indexOf('\r\n', at)
        size = Number.parseInt(rest.slice(at, line), 16)
        if (line < 0 || rest.length < line + 4 + size) return { bodies, rest }
        body += rest.slice(line + 2, line + 2 + size)
        at = line + 4 + size
      }
    }
    bodies.push(body)
    rest = rest.slice(at)
  }
}

test('pipelined messages of all framings arrive whole and in order, however their bytes are split', async () => {
  const app = createServer((request, response) => {
    let received = 0
    let sum = 0
    request.on('data', (data: Buffer) => {
      received += data.length
      for (const octet of data) sum = (sum * 31 + octet) % 1_000_003
    })
    request.on('end', () => {
      const [, index, bytes, framing] = (request.url ?? '').split('/')
      const body = `${index}:${received}:${sum}:${'z'.repeat(Number(bytes))}`
      if (framing === 'length') response.end(body)
      else {
        for (let at = 0; at < body.length; at += 40_000) response.write(body.slice(at, at + 40_000))
        response.end()
      }
    })
  })
  app.listen(0, '127.0.0.1')
  await once(app, 'listening')
  try {
    await using proxy = await openTestProxy(alwaysTo((app.address() as AddressInfo).port))
    const check = async (messages: readonly Message[], cuts: readonly number[]) => {
      const bytes = Buffer.from(messages.map(requestText).join(''), 'latin1')
      await using client = await proxy.client()
      const at = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length]
      for (const [i, end] of at.slice(1).entries()) {
        client.write(bytes.subarray(at[i], end))
        await new Promise((resolve) => setImmediate(resolve))
      }
      await client.until((raw) => readAnswers(raw.text).bodies.length === messages.length, 10_000)
      const expected = messages.map(({ body, answerBytes }, index) => {
        let sum = 0
        for (const octet of Buffer.from(body, 'latin1')) sum = (sum * 31 + octet) % 1_000_003
        return `${index}:${body.length}:${sum}:${'z'.repeat(answerBytes)}`
      })
      const { bodies, rest } = readAnswers(client.text)
      const short = (text: string) => `${text.slice(0, 30)} (${text.length} bytes)`
      assert.deepEqual(bodies.map(short), expected.map(short))
      assert.ok(bodies.every((body, index) => body === expected[index]) && rest === '', 'an answer differs inside')
    }
    const stream = [fc.array(message, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(), { maxLength: 10 })] as const
    await fc.assert(fc.asyncProperty(...stream, check), { seed: 11, numRuns: 60, endOnFailure: true })
    await fc.assert(fc.asyncProperty(...stream, check), { numRuns: 20, endOnFailure: true })
  } finally {
    app.closeAllConnections()
    app.close()
  }
})
