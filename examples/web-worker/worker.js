import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

// The worker has no port: it asks the web group for work, by way of the edge like everybody else.
const [host, port] = (process.env.EDGE ?? '127.0.0.1:8080').split(':')
const name = `${process.env.FLY_APP_NAME ?? 'web-worker'}.localhost`
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopping.abort())

function post(path, body) {
  return new Promise((resolve, reject) => {
    const asking = request({ host, port, path, method: 'POST', headers: { host: name } }, async (response) => {
      let text = ''
      for await (const part of response) text += part
      if (response.statusCode === 200) resolve(JSON.parse(text))
      else reject(new Error(`${path} answered ${response.statusCode}`))
    })
    asking.on('error', reject)
    asking.end(body)
  })
}

console.log(`worker: asking ${name} at ${host}:${port} for tasks`)
while (!stopping.signal.aborted) {
  try {
    const task = await post('/take')
    if (task.id === undefined) await sleep(200)
    else {
      const sha256 = createHash('sha256').update(task.text).digest('hex')
      await post('/results', JSON.stringify({ id: task.id, sha256, by: process.env.FLY_MACHINE_ID ?? 'this computer' }))
      console.log(`worker: task ${task.id} is done`)
    }
  } catch (error) {
    console.log(`worker: ${error.message}; trying again`)
    await sleep(1000)
  }
}
