'use strict'
/**
 * Loaded into every Node and Bun program of a machine (NODE_OPTIONS, BUN_OPTIONS), Node 20 and later: what it binds on all interfaces or on localhost goes to
 * the machine's own address, so that many machines of one computer listen on 8080; what it says to localhost on these ports comes back to itself.
 * Not reached: a worker thread with an environment of its own, native listeners. Plain CommonJS, because Node 20 must read it; all of it must cost the program's start next to nothing.
 */
const net = require('net')

const address = process.env.KANTE_BIND_ADDRESS
/** `8080` or, where the machine has no address of its own, `8080:40123`: inside and outside. */
const ports = new Map(
  (process.env.KANTE_BIND_PORTS || '')
    .split(',')
    .filter(Boolean)
    .map((pair) => pair.split(':').map(Number))
    .map(([inside, outside]) => [inside, outside || inside]),
)

const outside = (port) => ports.get(Number(port)) ?? port
/** Only an address of 127/8 that somebody chose on purpose stays; no program listens beyond loopback. */
const isMoved = (host) => typeof host !== 'string' || !host.startsWith('127.') || host === '127.0.0.1' || host === address
const isLocal = (host) =>
  host === undefined || host === null || host === '' || ['localhost', '127.0.0.1', '::1', '0.0.0.0', '::', '::ffff:127.0.0.1'].includes(host)
const isPort = (value) => typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value))

/** What a listener asked for, for its address(). */
const asked = new WeakMap()

/** The arguments of net.Server.listen with the place moved, or undefined where they name no port (a path, a descriptor, a handle). */
function moveListen(args) {
  const [first, second] = args
  const callback = typeof args[args.length - 1] === 'function' ? [args[args.length - 1]] : []
  let options
  if (first === undefined || first === null || typeof first === 'function') {
    options = { port: 0 }
  } else if (isPort(first)) {
    const backlog = [second, args[2]].find((value) => typeof value === 'number')
    options = { port: Number(first), ...(typeof second === 'string' ? { host: second } : {}), ...(backlog === undefined ? {} : { backlog }) }
  } else if (
    typeof first === 'object' &&
    (isPort(first.port) || ('port' in first && first.port == null && first.path === undefined && first.fd === undefined))
  ) {
    options = { ...first, port: Number(first.port ?? 0) }
  }
  if (options === undefined || !isMoved(options.host)) return undefined
  const seen = { host: options.host, port: options.port }
  delete options.ipv6Only
  return { seen, args: [{ ...options, host: address, port: outside(options.port) }, ...callback] }
}

function moveConnect(args) {
  const [first] = args
  // net.connect hands over [options, callback] in one marked array, which must stay the same one.
  if (Array.isArray(first)) {
    const options = first[0]
    if (options && isPort(options.port) && ports.has(Number(options.port)) && isLocal(options.host)) {
      first[0] = { ...options, host: address, port: outside(options.port) }
    }
    return args
  }
  if (first !== null && typeof first === 'object') {
    if (!isPort(first.port) || !ports.has(Number(first.port)) || !isLocal(first.host)) return args
    return [{ ...first, host: address, port: outside(first.port) }, ...args.slice(1)]
  }
  if (!isPort(first) || !ports.has(Number(first))) return args
  if (typeof args[1] === 'string') return isLocal(args[1]) ? [outside(first), address, ...args.slice(2)] : args
  return [outside(first), address, ...args.slice(1)]
}

function install() {
  const { listen, address: realAddress } = net.Server.prototype
  net.Server.prototype.listen = function (...args) {
    const move = moveListen(args)
    if (move === undefined) return listen.apply(this, args)
    // What it listens on is its own from now on, also for its other processes' and its own connections to localhost.
    if (move.seen.port !== 0 && !ports.has(move.seen.port)) ports.set(move.seen.port, move.seen.port)
    asked.set(this, move.seen)
    this.once('close', () => asked.delete(this))
    return listen.apply(this, move.args)
  }
  net.Server.prototype.address = function () {
    const real = realAddress.call(this)
    const seen = asked.get(this)
    if (seen === undefined || typeof real === 'string' || (real === null && seen.port === 0)) return real
    const host = typeof seen.host === 'string' && net.isIP(seen.host) && seen.host !== address ? seen.host : seen.host === undefined ? '::' : address
    return { address: host, family: net.isIP(host) === 6 ? 'IPv6' : 'IPv4', port: seen.port === 0 ? real.port : seen.port }
  }
  const { connect } = net.Socket.prototype
  net.Socket.prototype.connect = function (...args) {
    return connect.apply(this, moveConnect(args))
  }
  installDgram(require('dgram'))
  if (typeof Bun !== 'undefined') installBun()
}

function installDgram(dgram) {
  const { bind } = dgram.Socket.prototype
  dgram.Socket.prototype.bind = function (...args) {
    const [first, second] = args
    const isOptions = first !== null && typeof first === 'object'
    const port = isOptions ? first.port : first
    const host = isOptions ? first.address : typeof second === 'string' ? second : undefined
    // A port of the system's choice belongs to a client, which must be able to send to the outside.
    if (!isPort(port) || Number(port) === 0 || (isOptions && first.fd !== undefined) || !isMoved(host)) return bind.apply(this, args)
    const moved = { ...(isOptions ? first : {}), port: outside(port), address: this.type === 'udp6' ? `::ffff:${address}` : address }
    return bind.apply(this, [moved, ...args.filter((arg) => typeof arg === 'function')])
  }
}

function installBun() {
  const { serve, listen } = Bun
  const move = (options, nameOfHost) => {
    if (options === null || typeof options !== 'object' || options.unix !== undefined || !isMoved(options[nameOfHost])) return options
    const port = Number(options.port ?? process.env.BUN_PORT ?? process.env.PORT ?? 3000)
    return Object.create(Object.getPrototypeOf(options), {
      ...Object.getOwnPropertyDescriptors(options),
      ...values({ [nameOfHost]: address, port: outside(port) }),
    })
  }
  const values = (fields) =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { value, enumerable: true, writable: true, configurable: true }]))
  Bun.serve = (options) => serve.call(Bun, move(options, 'hostname'))
  Bun.listen = (options) => listen.call(Bun, move(options, 'hostname'))
}

if (address !== undefined) install()
