import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { HeadFault, incomplete } from './head-fault.ts'
import { ResponseHead, responseDropped } from './response-head.ts'

const parse = (text: string) => {
  const source = Buffer.from(text, 'latin1')
  const head = new ResponseHead()
  return { head, source, result: head.parse(source, 0, source.length) }
}
const response = (fields: string, start = 'HTTP/1.1 200 OK') => `${start}\r\n${fields}\r\n`

test('the body of a response ends as RFC 9112 §6.3 says', () => {
  const body = (text: string, method = 'GET') => parse(text).head.body(method)
  assert.equal(body(response('Content-Length: 3\r\n')), 'length')
  assert.equal(body(response('Content-Length: 3\r\n'), 'HEAD'), 'none')
  assert.equal(body(response('Transfer-Encoding: chunked\r\n')), 'chunked')
  assert.equal(body(response('')), 'until-close')
  assert.equal(body(response('', 'HTTP/1.1 204 No Content')), 'none')
  assert.equal(body(response('Content-Length: 3\r\n', 'HTTP/1.1 304 Not Modified')), 'none')
})

test('the app keeps its connection unless it says close or speaks HTTP/1.0', () => {
  assert.equal(parse(response('')).head.isPersistent, true)
  assert.equal(parse(response('Connection: Close\r\n')).head.isPersistent, false)
  assert.equal(parse(response('Connection: keep-alive\r\n', 'HTTP/1.0 200 OK')).head.isPersistent, false)
})

const refused: readonly (readonly [string, number])[] = [
  [response('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'), HeadFault.lengthAndCoding],
  [response('Content-Length: 3\r\nContent-Length: 3\r\n'), HeadFault.lengthRepeated],
  [response('Content-Length: -3\r\n'), HeadFault.length],
  [response('Transfer-Encoding: gzip\r\n'), HeadFault.coding],
  [response('Transfer-Encoding: chunked\r\n', 'HTTP/1.0 200 OK'), HeadFault.codingVersion],
  [response('', 'HTTP/2.0 200 OK'), HeadFault.version],
  [response('', 'HTTP/1.1 20 OK'), HeadFault.startLine],
  [response('', 'HTTP/1.1 600 OK'), HeadFault.startLine],
  [response('', 'HTTP/1.1 2000 OK'), HeadFault.startLine],
  [response('', 'ICY 200 OK'), HeadFault.startLine],
  [response('X: y\n'), HeadFault.bareLineFeed],
  [response(' x: y\r\n'), HeadFault.folded],
]
for (const [text, fault] of refused) test(`refuses ${JSON.stringify(text)}`, () => assert.equal(parse(text).result, fault))

test('a status line without a reason is made anew', () => {
  assert.equal(parse('HTTP/1.1 200\r\n\r\n').head.statusFrom, -1)
  assert.equal(parse('HTTP/1.1 200 \r\n\r\n').head.statusFrom, 0)
  assert.equal(parse('HTTP/1.0 200 OK\r\n\r\n').head.statusFrom, -1)
})

test('hop-by-hop fields, framing, Server and a forged request id are left out', () => {
  const { head, source } = parse(
    response('A: 1\r\nServer: x\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nFly-Request-Id: 1\r\nB: 2\r\nContent-Length: 0\r\n'),
  )
  assert.equal(head.lines.kept(source, head.fieldsFrom, head.end, responseDropped), 'A: 1\r\nB: 2\r\n')
})

test('the verdict on a response does not depend on where its bytes were split', () => {
  const alphabet = fc.constantFrom(
    'HTTP/1.1 ',
    '200',
    ' OK',
    '204',
    '\r\n',
    '\r\n\r\n',
    'Content-Length: 3',
    'Transfer-Encoding: chunked',
    'x',
    ':',
    ' ',
    '\r',
    '\n',
    '\0',
  )
  const soup = fc.array(alphabet, { maxLength: 25 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(
      fc.oneof(
        soup,
        soup.map((text) => `HTTP/1.1 200 OK\r\n${text}\r\n\r\n`),
      ),
      (text) => {
        const source = Buffer.from(text, 'latin1')
        const whole = new ResponseHead().parse(source, 0, source.length)
        for (let size = 0; size < source.length; size++) {
          const part = new ResponseHead().parse(source, 0, size)
          assert.ok(part === incomplete || part === whole, `${size} bytes: ${part}, all: ${whole}`)
        }
      },
    ),
    { seed: 4, numRuns: 2000 },
  )
})
