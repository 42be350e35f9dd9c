import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const { FLY_REGION: region = 'nowhere', FLY_MACHINE_ID: machine = 'this computer' } = process.env
const app = new Hono()

app.get('/', (context) => context.json({ hello: 'from Hono', region, machine }))
app.get('/health', (context) => context.text('ok'))
app.get('/hello/:name', (context) => context.text(`Hello ${context.req.param('name')}, from ${region}`))

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 8080) }, ({ port }) => console.log(`Hono on port ${port}`))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
