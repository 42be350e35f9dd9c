import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const port = Number(process.env.PORT ?? 8080)
const remembered = 20
/** Room → who is in it and what was said last. It is gone when the machine is: that is the point, and the limit, of state in memory. */
const rooms = new Map()

const page = `<!doctype html><meta charset="utf-8"><title>Chat</title>
<form><input name="text" placeholder="Say something" autofocus autocomplete="off"></form><ol></ol>
<script>
  const socket = new WebSocket(location.href.replace(/^http/, 'ws'))
  socket.onmessage = ({ data }) => {
    const { text, people } = JSON.parse(data)
    document.querySelector('ol').append(Object.assign(document.createElement('li'), { textContent: text ?? people + ' here' }))
  }
  document.forms[0].onsubmit = (event) => {
    event.preventDefault()
    socket.send(event.target.text.value)
    event.target.reset()
  }
</script>`

const server = createServer((request, response) => {
  if (request.url === '/health') return response.end('ok\n')
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(page)
})

const sockets = new WebSocketServer({ server, maxPayload: 4096 })
sockets.on('connection', (socket, request) => {
  const name = new URL(request.url, 'http://chat').pathname
  const room = rooms.get(name) ?? { people: new Set(), history: [] }
  rooms.set(name, room)
  room.people.add(socket)
  for (const text of room.history) socket.send(JSON.stringify({ text }))
  tell(room, { people: room.people.size })

  socket.on('message', (data) => {
    const text = Buffer.from(data).toString()
    room.history = [...room.history, text].slice(-remembered)
    tell(room, { text })
  })
  socket.on('error', (error) => console.log(`a client of ${name} failed: ${error.message}`))
  socket.on('close', () => {
    room.people.delete(socket)
    tell(room, { people: room.people.size })
  })
})

function tell(room, message) {
  for (const person of room.people) person.send(JSON.stringify(message))
}

server.listen(port, () => console.log(`Chat on port ${port}`))

// 1001 tells browsers that the server goes away, so that they connect again and land on another machine.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    for (const socket of sockets.clients) socket.close(1001, 'the machine stops')
    server.close()
  })
