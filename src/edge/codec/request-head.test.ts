import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { hostnameOf } from './authority.ts'
import { HeadFault, incomplete } from './head-fault.ts'
import { latin1 } from './octets.ts'
import { RequestHead, requestDropped } from './request-head.ts'

const parse = (text: string) => {
  const source = Buffer.from(text, 'latin1')
  const head = new RequestHead()
  return { head, source, result: head.parse(source, 0, source.length) }
}
const kept = (fields: string) => {
  const { head, source } = parse(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)
  return head.lines.kept(source, head.fieldsFrom, head.end, requestDropped)
}

test('a head is read with its target, host, framing and connection options', () => {
  const { head, source, result } = parse(
    'POST /a?b=c HTTP/1.1\r\nHost: A.example:8080\r\nConnection: close, x-hop\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello',
  )
  assert.equal(result, source.length - 5)
  assert.equal(head.method, 'POST')
  assert.equal(latin1(source, head.targetFrom, head.targetTo), '/a?b=c')
  assert.equal(hostnameOf(latin1(source, head.hostFrom, head.hostTo)), 'a.example')
  assert.equal(head.contentLength, 5)
  assert.equal(head.options.close, true)
  assert.deepEqual(head.options.nominated, ['x-hop'])
  assert.equal(head.expectsContinue, true)
})

test('reserved, hop-by-hop and nominated fields are left out, the rest keeps its bytes and order', () => {
  assert.equal(
    kept(
      'X-One: 1\r\nFly-Client-IP: 6.6.6.6\r\nfly_region: x\r\nX-Forwarded-Host: evil\r\nConnection: X-Hop\r\nx-hop: 1\r\nKeep-Alive: 5\r\ntwo:\t2 \r\n',
    ),
    'Host: a\r\nX-One: 1\r\ntwo:\t2 \r\n',
  )
})

test('Connection cannot nominate Host or the framing away', () => {
  assert.equal(kept('Connection: host, content-length\r\n'), 'Host: a\r\n')
})

test('an upgrade passes on only where nothing can follow the head', () => {
  const upgrade = (start: string, fields: string) => {
    const { head, source } = parse(`${start}\r\nHost: a\r\n${fields}\r\n`)
    return latin1(source, head.upgradeFrom, head.upgradeTo)
  }
  const asks = 'Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n'
  assert.equal(upgrade('GET / HTTP/1.1', asks), 'websocket')
  assert.equal(upgrade('GET / HTTP/1.0', asks), '')
  assert.equal(upgrade('GET / HTTP/1.1', 'Upgrade: websocket\r\n'), '')
  assert.equal(upgrade('GET / HTTP/1.1', `${asks}Content-Length: 3\r\n`), '')
  assert.equal(upgrade('GET / HTTP/1.1', `${asks}Transfer-Encoding: chunked\r\n`), '')
  assert.equal(upgrade('GET / HTTP/1.1', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n'), '')
})

test('a head that never ends is too large at 64 KB, a longer one in pieces as well', () => {
  assert.equal(parse(`GET /${'a'.repeat(65_600)}`).result, HeadFault.tooLarge)
  assert.equal(parse(`GET /${'a'.repeat(65_000)}`).result, incomplete)
  assert.equal(parse(`GET / HTTP/1.1\r\n${'x: y\r\n'.repeat(201)}`).result, HeadFault.tooManyLines)
})

const alphabet = fc.constantFrom(
  'GET ',
  'POST ',
  '/',
  ' HTTP/1.1',
  ' HTTP/1.0',
  '\r\n',
  '\r\n\r\n',
  'Host: a',
  'Content-Length: 3',
  'Transfer-Encoding: chunked',
  'x',
  ':',
  ' ',
  '\t',
  '\r',
  '\n',
  '\0',
  '\xff',
  'http://a/',
  ',',
)
const soup = fc.oneof(
  fc.array(alphabet, { maxLength: 30 }).map((parts) => parts.join('')),
  fc.array(alphabet, { maxLength: 20 }).map((parts) => `GET / HTTP/1.1\r\nHost: a\r\n${parts.join('')}\r\n\r\n`),
)

test('the verdict on a head does not depend on where its bytes were split', () => {
  const check = (text: string) => {
    const source = Buffer.from(text, 'latin1')
    const whole = new RequestHead().parse(source, 0, source.length)
    for (let size = 0; size < source.length; size++) {
      const part = new RequestHead().parse(source, 0, size)
      assert.ok(part === incomplete || part === whole, `${size} bytes: ${part}, all: ${whole}`)
    }
  }
  fc.assert(fc.property(soup, check), { seed: 1, numRuns: 2000 })
  fc.assert(fc.property(soup, check), { numRuns: 500 })
})

test('a head is judged where it lies in its buffer: what stands before and after changes nothing', () => {
  fc.assert(
    fc.property(soup, fc.nat(20), (text, shift) => {
      const alone = parse(text).result
      const source = Buffer.from(`${'\n'.repeat(shift)}${text}GET / HTTP/1.1\r\n\r\n`, 'latin1')
      const inside = new RequestHead().parse(source, shift, shift + text.length)
      assert.equal(inside > 0 ? inside - shift : inside, alone)
    }),
    { seed: 2, numRuns: 1000 },
  )
})

test('parsing what is printed gives what was printed', () => {
  const name = fc
    .stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,10}$/)
    .filter((text) => !/^(host|te|date|server|expect|upgrade|connection|fly-|x-forwarded-)/i.test(text))
  const value = fc.stringMatching(/^([!-~]([ -~]{0,20}[!-~])?)?$/)
  fc.assert(
    fc.property(
      fc.constantFrom('GET', 'POST', 'M-SEARCH'),
      fc.stringMatching(/^\/[a-z0-9?&=%/]{0,20}$/),
      fc.array(fc.tuple(name, value), { maxLength: 20 }),
      fc.nat(1e9),
      (method, target, fields, length) => {
        const fieldText = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
        const { head, source, result } = parse(`${method} ${target} HTTP/1.1\r\nHost: a\r\n${fieldText}Content-Length: ${length}\r\n\r\n`)
        assert.equal(result, source.length)
        assert.equal(head.method, method)
        assert.equal(latin1(source, head.targetFrom, head.targetTo), target)
        assert.equal(head.contentLength, length)
        assert.equal(head.lines.kept(source, head.fieldsFrom, head.end, requestDropped), `Host: a\r\n${fieldText}`)
      },
    ),
    { seed: 3, numRuns: 500 },
  )
})
