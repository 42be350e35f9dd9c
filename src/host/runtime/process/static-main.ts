/** Serves a folder: `static-main.ts FOLDER HOST PORT`. What a machine of a static site runs. */
import { flushCompileCache } from 'node:module'
import { argv } from 'node:process'
import { createStaticServer } from './static-server.ts'

// With NODE_COMPILE_CACHE: the next start finds the compiled code, and the machine is ended by a signal, which would not write it.
flushCompileCache()
const [root = '.', host = '127.0.0.1', port = '8080'] = argv.slice(2)
const server = createStaticServer({ root })
server.listen(Number(port), host, () => console.log(`Serving ${root} on ${host}:${port}`))
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close()
    server.closeIdleConnections()
  })
}
