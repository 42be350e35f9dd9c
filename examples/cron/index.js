import { createServer } from 'node:http'

// The app's page. The job is job.js, on a machine of its own.
const server = createServer((request, response) => {
  response.end(request.url === '/health' ? 'ok\n' : 'The job runs on a machine of its own; see its logs.\n')
})
server.listen(Number(process.env.PORT ?? 8080), () => console.log('The page of the job is up'))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
