import { parentPort } from 'node:worker_threads'
import { wireFault } from './store-error.ts'
import { StoreSession, type Outbox } from './store-session.ts'
import type { Call, Reply, WatchPush, WorkerOutput } from './worker-protocol.ts'

/** The store's thread: serves any number of open files. Blocking here (fsync) blocks no event loop of the daemon. */
const port = parentPort
if (port === null) throw new Error('store-worker runs as a worker thread only')

const sessions = new Map<number, StoreSession>()
let replies: Reply[] = []
let pushes: WatchPush[] = []
let isScheduled = false
const outbox: Outbox = { reply: (reply) => replies.push(reply), push: (push) => pushes.push(push) }

port.on('message', (calls: readonly Call[]) => {
  for (const call of calls) take(call)
  schedule()
})

function take(call: Call): void {
  const session = sessions.get(call.store)
  if (call.request.op === 'open') open(call)
  else if (session !== undefined) session.take(call)
  else outbox.reply({ id: call.id, fault: { code: 'store_unavailable', detail: { reason: 'it is closed' } } })
}

function open(call: Call): void {
  if (call.request.op !== 'open') return
  try {
    const session = new StoreSession(call.store, call.request, outbox)
    sessions.set(call.store, session)
    outbox.reply({ id: call.id, answer: session.leases() })
  } catch (error) {
    outbox.reply({ id: call.id, fault: wireFault(error, call.request.path), ...(error instanceof Error ? { reason: error.message } : {}) })
  }
}

// The messages that came in while the last commit waited for the disk are all taken before this runs: they make the next group.
function turn(): void {
  isScheduled = false
  for (const session of sessions.values()) session.commit()
  flush()
  for (const [store, session] of sessions) if (session.tidy()) sessions.delete(store)
  flush()
  for (const session of sessions.values()) if (session.hasWork) schedule()
}

function schedule(): void {
  if (isScheduled) return
  isScheduled = true
  setImmediate(turn)
}

function flush(): void {
  if (replies.length === 0 && pushes.length === 0) return
  port?.postMessage({ replies, pushes } satisfies WorkerOutput)
  replies = []
  pushes = []
}
