import { createServer } from 'node:http'

const port = Number(process.env.PORT ?? 8080)
const { FLY_MACHINE_ID: machine = 'this computer', FLY_REGION: region = 'nowhere' } = process.env
const bootedAt = new Date()
let requests = 0

const server = createServer((request, response) => {
  if (request.url === '/health') {
    response.end('ok\n')
    return
  }
  requests += 1
  const age = ((Date.now() - bootedAt.getTime()) / 1000).toFixed(1)
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end(`machine ${machine} in ${region}\nbooted ${age} s ago, at ${bootedAt.toISOString()}\nrequest ${requests} since then\n`)
})

server.listen(port, () => console.log(`Server listening on port ${port}`))

// The platform asks with SIGINT before it stops a machine: what is in flight is answered, then the program ends.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
