import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { mutation, requestText } from '../../conformance/codec/grammar.ts'
import { readRequests } from '../../conformance/codec/read-requests.ts'
import { smugglingCases } from '../../conformance/codec/smuggling-cases.ts'
import { openTestProxy, type TestProxy } from './open-test-proxy.ts'
import { alwaysTo } from './scripted-brain.ts'

/** A Node.js app behind the proxy that writes down what it is asked. */
async function withRecordingApp(run: (proxy: TestProxy, asked: string[]) => Promise<void>): Promise<void> {
  const asked: string[] = []
  const broken: string[] = []
  const app = createServer((request, response) => {
    let body = ''
    request.setEncoding('latin1')
    request.on('data', (text: string) => (body += text))
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${body}`)
      response.end('ok')
    })
  })
  app.on('checkExpectation', (request, response) => app.emit('request', request, response))
  app.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A client that leaves takes its app connection with it: that is no message.
    if (error.code !== 'ECONNRESET' && error.code !== 'HPE_INVALID_EOF_STATE') broken.push(error.message)
    socket.destroy()
  })
  app.listen(0, '127.0.0.1')
  await once(app, 'listening')
  try {
    await using proxy = await openTestProxy(alwaysTo((app.address() as AddressInfo).port), { lingerMs: 1 })
    await run(proxy, asked)
    assert.deepEqual(broken, [], 'the app got what is no HTTP')
  } finally {
    app.closeAllConnections()
    app.close()
  }
}
async function check(proxy: TestProxy, asked: string[], text: string): Promise<void> {
  const bytes = Buffer.from(text, 'latin1')
  const reading = readRequests(bytes)
  asked.length = 0
  await using client = await proxy.client()
  client.write(bytes)
  const count = reading.requests.length
  const answers = (received: string) => received.split('\r\n\r\nok').length - 1
  await client.until((raw) => raw.isEnded || raw.isClosed || (reading.fault === undefined && answers(raw.text) >= count))
  const expected = reading.requests.map(({ method, target, body }) => `${method} ${target} ${body}`)
  assert.deepEqual(asked, expected)
}

test('no smuggling class gets a request to the app that the edge has not read', () =>
  withRecordingApp(async (proxy, asked) => {
    for (const [, text] of smugglingCases) await check(proxy, asked, `${text}GET /admin HTTP/1.1\r\nHost: a.example\r\n\r\n`)
  }))

test('the app gets exactly the requests that the edge reads out of random streams', () =>
  withRecordingApp(async (proxy, asked) => {
    const stream = fc.tuple(fc.array(requestText, { minLength: 1, maxLength: 3 }), fc.option(mutation)).map(([requests, mutate]) => {
      const text = requests.join('')
      return mutate === null ? text : mutate(text)
    })
    await fc.assert(
      fc.asyncProperty(stream, (text) => check(proxy, asked, text)),
      { seed: 12, numRuns: 600 },
    )
    await fc.assert(
      fc.asyncProperty(stream, (text) => check(proxy, asked, text)),
      { numRuns: 200 },
    )
  }))
