import { createServer } from 'node:http'

/** A queue in the memory of the one web machine; a database or Redis in its place, and there may be many. */
const waiting = []
const results = new Map()
let lastId = 0

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://web')
  if (url.pathname === '/health') return response.end('ok\n')
  if (request.method === 'POST' && url.pathname === '/tasks') {
    const task = { id: ++lastId, text: (await bodyOf(request)).slice(0, 1000) }
    waiting.push(task)
    return send(response, 202, { id: task.id })
  }
  // The worker's side: take a task, bring a result.
  if (request.method === 'POST' && url.pathname === '/take') return send(response, 200, waiting.shift() ?? {})
  if (request.method === 'POST' && url.pathname === '/results') {
    const { id, ...result } = JSON.parse(await bodyOf(request))
    results.set(id, result)
    return send(response, 200, {})
  }
  const result = results.get(Number(/^\/tasks\/(\d+)$/.exec(url.pathname)?.[1]))
  send(response, result === undefined ? 404 : 200, result ?? { waiting: waiting.length })
})

async function bodyOf(request) {
  let text = ''
  for await (const part of request) text += part
  return text
}
function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

server.listen(Number(process.env.PORT ?? 8080), () => console.log('web: waiting for tasks'))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
