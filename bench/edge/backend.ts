import { createServer } from 'node:net'

/**
 * The app of the measurement: canned answers on plain sockets, so that what is measured is the proxy. `/big` gives 100 KB. Arguments: ports.
 * Runs as a process of its own.
 */
const fields =
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Tue, 24 Nov 2026 12:00:00 GMT\r\nCache-Control: no-cache\r\nETag: "abc"\r\nX-Powered-By: bench\r\nVary: Accept\r\n'
const small = Buffer.from(`${fields}Content-Length: 3\r\n\r\nhi\n`)
const big = Buffer.concat([Buffer.from(`${fields}Content-Length: 102400\r\n\r\n`), Buffer.alloc(102_400, 'x')])

for (const port of process.argv.slice(2)) {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (data: Buffer) => {
      // One request a read: proxies do not pipeline.
      socket.write(data[5] === 98 ? big : small)
      if (data.includes('onnection: close') || data.includes('onnection: Close')) socket.end()
    })
  })
  server.listen(Number(port), '127.0.0.1', 1024)
}
