import type { AddressInfo } from 'node:net'
import { RequestHead } from '../codec/request-head.ts'
import { bestClientReads, type ClientConnection, type ClientListener, openClientListener } from './client-listener.ts'
import { connectionFacts, plainAddress } from './forward-head.ts'
import { Http1Client } from './http1-client.ts'
import {
  defaultLimits,
  defaultTimeouts,
  type ProxyDeps,
  type ProxyListener,
  type ProxyOptions,
  type ProxyServer,
  type ProxyStats,
} from './proxy-contract.ts'
import type { ProxyContext } from './proxy-context.ts'
import { ReadBuffers } from './read-buffers.ts'
import { TimerWheel } from './timer-wheel.ts'
import { UpstreamPool } from './upstream-pool.ts'

const wheelTickMs = 100

/** Opens the edge's HTTP/1.1 data plane on raw sockets; resolves when every listener accepts. Disposing cuts what is open. */
export async function openProxyServer(deps: ProxyDeps, options: ProxyOptions): Promise<ProxyServer> {
  const context = contextOf(deps, options)
  const reads = options.clientReads ?? (await bestClientReads())
  if (reads === 'events') deps.log.warn('this Node.js reads accepted sockets only by events: requests cost more')
  const clients = new Set<Http1Client>()
  const waiters = new Set<() => void>()
  const onClosed = (client: Http1Client) => {
    clients.delete(client)
    if (clients.size === 0) for (const wake of waiters) wake()
  }
  const accept = (listener: ProxyListener, bound: AddressInfo, connection: ClientConnection) => {
    const { socket } = connection
    if (clients.size >= context.limits.connections) {
      socket.destroy()
      return
    }
    // Asking the socket costs a system call; a listener on one address knows.
    const localAddress = bound.address === '::' || bound.address === '0.0.0.0' ? socket.localAddress : bound.address
    const facts = connectionFacts(plainAddress(socket.remoteAddress), plainAddress(localAddress), listener.externalPort, false, options.region)
    clients.add(new Http1Client(context, connection, facts, onClosed))
  }
  const listeners: ClientListener[] = []
  const closeListeners = () => Promise.all(listeners.map((listener) => listener.close()))
  const closeAll = async () => {
    const closing = closeListeners()
    for (const client of clients) client.destroy()
    // Only a closed client has given its ticket back.
    if (clients.size > 0) await clientsGone(0)
    for (const upstream of context.pool.all) upstream.abandon()
    await closing
    context.wheel[Symbol.dispose]()
  }
  try {
    for (const listener of options.listeners) {
      const opened: ClientListener = await openClientListener(listener.listen, {
        reads,
        firstBuffer: context.buffers.shared,
        onConnection: (connection) => accept(listener, opened.address, connection),
        onError: (error) => deps.log.error('a listener of the edge failed', { error }),
      })
      listeners.push(opened)
    }
  } catch (error) {
    await closeAll()
    throw error
  }

  return {
    addresses: listeners.map((listener) => listener.address),
    stats: (): ProxyStats => ({
      connections: clients.size,
      inFlight: context.counters.inFlight,
      tunnels: context.counters.tunnels,
      pooled: context.pool.idleCount,
    }),
    async drain(deadlineMs) {
      context.counters.isDraining = true
      const closing = closeListeners()
      for (const client of clients) client.closeWhenIdle()
      if (clients.size > 0) await clientsGone(deadlineMs)
      for (const client of clients) client.destroy()
      if (clients.size > 0) await clientsGone(0)
      context.pool.closeIdle()
      await closing
    },
    [Symbol.asyncDispose]: closeAll,
  }

  /** Resolves when no client is left, or after `ms`; 0: without a deadline. */
  function clientsGone(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms > 0 ? deps.clock.timer(ms, () => done()) : undefined
      const done = () => {
        waiters.delete(done)
        timer?.[Symbol.dispose]()
        resolve()
      }
      waiters.add(done)
    })
  }
}

function contextOf(deps: ProxyDeps, options: ProxyOptions): ProxyContext {
  const timeouts = { ...defaultTimeouts, ...options.timeouts }
  const limits = { ...defaultLimits, ...options.limits }
  const wheel = new TimerWheel(deps.clock, wheelTickMs)
  const pool = new UpstreamPool(limits.pooledPerMachine)
  const buffers = new ReadBuffers()
  let dateText = ''
  let dateSecond = 0
  return {
    brain: deps.brain,
    clock: deps.clock,
    log: deps.log,
    region: options.region,
    timeouts,
    limits,
    requestIds: deps.requestIds,
    wheel,
    pool,
    buffers,
    upstreamDeps: {
      wheel,
      buffers,
      connectMs: timeouts.connectMs,
      firstByteMs: timeouts.firstByteMs,
      onIdle: (connection) => {
        if (!pool.put(connection)) connection.abandon()
        else wheel.arm(connection, timeouts.poolIdleMs)
      },
      onClosed: (connection) => pool.remove(connection),
    },
    onRequestLog: deps.onRequestLog,
    onProxyError: deps.onProxyError,
    requestHead: new RequestHead(),
    counters: { inFlight: 0, tunnels: 0, isDraining: false },
    dateText: () => {
      const second = Math.floor(deps.clock.now() / 1000)
      if (second !== dateSecond) {
        dateSecond = second
        dateText = new Date(second * 1000).toUTCString()
      }
      return dateText
    },
  }
}
