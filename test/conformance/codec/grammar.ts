import * as fc from 'fast-check'

const oneOf = (...values: string[]) => fc.constantFrom(...values)
const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/)
const value = fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,20}[\x21-\x7e])?$/)
const endOfLine = fc.oneof({ weight: 40, arbitrary: fc.constant('\r\n') }, { weight: 1, arbitrary: oneOf('\n', '\r', '\r\r\n', '\r\n ', ' \r\n') })

const field = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(token, oneOf(':', ': ', ':\t', ': \t '), value).map((parts) => parts.join('')) },
  {
    weight: 1,
    arbitrary: oneOf(
      'Connection: close',
      'Connection: keep-alive, X',
      'Connection: Host',
      'Upgrade: websocket',
      'Expect: 100-continue',
      'TE: trailers',
      'Keep-Alive: timeout=5',
      'fly-client-ip: 1.2.3.4',
      'X-Forwarded-For: 1.2.3.4',
      'X_Forwarded_For: 1.2.3.4',
      'Content_Length: 3',
    ),
  },
  {
    weight: 1,
    arbitrary: oneOf(
      'Host: b.example',
      'Content-Length: 3',
      'Content-Length: 03',
      'Content-Length: 3 ',
      'Content-Length: +3',
      'Content-Length: 3,3',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: gzip, chunked',
      'Transfer-Encoding : chunked',
      'Transfer-Encoding:\tchunked',
      'Transfer-Encoding: CHUNKED',
      'X: \x01',
      ' folded',
      ': nameless',
      'no colon',
    ),
  },
)
const method = fc.oneof(
  { weight: 20, arbitrary: oneOf('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH') },
  { weight: 1, arbitrary: oneOf('get', 'FOO', 'G(T', '') },
)
const target = fc.oneof(
  { weight: 20, arbitrary: fc.stringMatching(/^\/[!$-;=?-~]{0,20}$/) },
  { weight: 1, arbitrary: oneOf('*', 'http://a.example/x', 'http://b.example/', 'a', '', '/#', '/ x', '//a') },
)
const version = fc.oneof(
  { weight: 30, arbitrary: fc.constant('HTTP/1.1') },
  { weight: 1, arbitrary: oneOf('HTTP/1.0', 'HTTP/1.2', 'http/1.1', 'HTTP/2.0', 'HTTP/1.') },
)
const chunk = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.string({ minLength: 1, maxLength: 20, unit: 'binary-ascii' }).map((text) => `${text.length.toString(16)}\r\n${text}\r\n`),
  },
  { weight: 1, arbitrary: oneOf('3;a=b\r\nabc\r\n', '3 \r\nabc\r\n', '03\r\nabc\r\n', '3\nabc\n', '+3\r\nabc\r\n', '3\r\nabcd\r\n', 'g\r\n') },
)
const lastChunk = fc.oneof(
  { weight: 10, arbitrary: fc.constant('0\r\n\r\n') },
  { weight: 2, arbitrary: oneOf('0\r\nX: y\r\n\r\n', '00\r\n\r\n', '0\r\nX y\r\n\r\n', '0\n\n', '0\r\nX: y\n\r\n') },
)
const body = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ fields: [] as string[], text: '' }) },
  { weight: 2, arbitrary: fc.string({ maxLength: 20, unit: 'binary-ascii' }).map((text) => ({ fields: [`Content-Length: ${text.length}`], text })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.array(chunk, { maxLength: 3 }), lastChunk)
      .map(([chunks, last]) => ({ fields: ['Transfer-Encoding: chunked'], text: chunks.join('') + last })),
  },
)

/** One request, mostly valid, with what attackers try mixed in. */
export const requestText: fc.Arbitrary<string> = fc
  .record({ method, target, version, fields: fc.array(field, { maxLength: 5 }), body, ends: fc.array(endOfLine, { minLength: 9, maxLength: 9 }) })
  .map(({ method, target, version, fields, body, ends }) => {
    const lines = [`${method} ${target} ${version}`, 'Host: a.example', ...fields, ...body.fields]
    return lines.map((line, i) => line + (ends[i] ?? '\r\n')).join('') + `\r\n${body.text}`
  })

/** Changes to bytes: flips, cuts, repetitions, foreign characters. */
export const mutation: fc.Arbitrary<(text: string) => string> = fc
  .array(
    fc.record({
      kind: oneOf('insert', 'delete', 'replace', 'double'),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      what: oneOf('\r', '\n', '\0', ' ', '\t', ':', ',', ';', '\x0b', '\xa0', '\x7f', '\xff', '0', '5', '_', '"', '\r\n', '\r\n\r\n', '#', '%'),
    }),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map(
    (steps) => (text) =>
      steps.reduce((current, { kind, at, what }) => {
        const index = Math.floor(at * current.length)
        const rest = current.slice(index)
        if (kind === 'insert') return current.slice(0, index) + what + rest
        if (kind === 'delete') return current.slice(0, index) + rest.slice(1)
        if (kind === 'double') return current.slice(0, index) + rest.slice(0, 20) + rest
        return current.slice(0, index) + what + rest.slice(1)
      }, text),
  )
