import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { Worker } from 'node:worker_threads'

const port = Number(process.env.PORT ?? 8080)
const defaultSeconds = Number(process.env.JOB_SECONDS ?? 90)
/** Id → job. In memory: a job is gone with its machine, so whoever wants the picture asks for it in time. */
const jobs = new Map()
const kept = 20

function startJob(seconds) {
  const job = { id: randomUUID(), seconds, startedAt: Date.now(), progress: 0, state: 'running' }
  jobs.set(job.id, job)
  for (const id of [...jobs.keys()].slice(0, -kept)) jobs.delete(id)
  // A thread of its own, so that the server answers while the picture is drawn.
  const worker = new Worker(new URL('draw.js', import.meta.url), { workerData: { seconds } })
  job.done = new Promise((resolve) => {
    worker.on('message', ({ progress, png }) => {
      job.progress = progress
      if (png !== undefined) Object.assign(job, { state: 'done', png: Buffer.from(png) })
    })
    worker.on('error', (error) => Object.assign(job, { state: 'failed', error: error.message }))
    worker.on('exit', resolve)
  })
  return job
}

const view = ({ id, state, seconds, progress, startedAt, error }) => ({
  id,
  state,
  seconds,
  progress,
  ranForSeconds: Math.round((Date.now() - startedAt) / 100) / 10,
  error,
  image: state === 'done' ? `/jobs/${id}/image.png` : undefined,
})

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://job')
  const seconds = Math.min(600, Math.max(0.1, Number(url.searchParams.get('seconds') ?? defaultSeconds) || defaultSeconds))
  const [, , id, image] = url.pathname.split('/')
  const job = jobs.get(id)

  if (url.pathname === '/health') return response.end('ok\n')
  // One request, open for as long as it takes.
  if (url.pathname === '/image.png') return sendImage(response, await finished(startJob(seconds)))
  // Or: start it, ask how far it is, fetch the picture.
  if (url.pathname === '/jobs' && request.method === 'POST') return sendJson(response, 202, view(startJob(seconds)))
  if (url.pathname.startsWith('/jobs/') && job !== undefined) return image === 'image.png' ? sendImage(response, job) : sendJson(response, 200, view(job))
  sendJson(response, url.pathname === '/' ? 200 : 404, { ways: ['GET /image.png?seconds=90', 'POST /jobs?seconds=90', 'GET /jobs/:id', 'GET /jobs/:id/image.png'] })
})

const finished = async (job) => {
  await job.done
  return job
}
function sendImage(response, job) {
  if (job.png === undefined) return sendJson(response, job.state === 'failed' ? 500 : 409, view(job))
  response.writeHead(200, { 'content-type': 'image/png', 'content-length': job.png.length })
  response.end(job.png)
}
function sendJson(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

server.requestTimeout = 0
server.listen(port, () => console.log(`Drawing on port ${port}, ${defaultSeconds} s a picture`))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
