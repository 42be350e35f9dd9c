import type { Ticket } from '../contract.ts'
import type { UpstreamConnection } from './upstream-connection.ts'

interface Group {
  readonly address: string
  readonly port: number
  readonly idle: UpstreamConnection[]
}

/** Idle connections to machines, the most recently used first: the rest grow old and leave. A machine's next start has another `poolKey`. */
export class UpstreamPool {
  /** All connections: busy, idle, connecting. */
  readonly all = new Set<UpstreamConnection>()
  readonly #groups = new Map<string, Group[]>()
  readonly #maxIdle: number
  idleCount = 0

  constructor(maxIdlePerMachine: number) {
    this.#maxIdle = maxIdlePerMachine
  }

  /** An idle connection of this run of the machine that was used after `idleSinceMs`. */
  take(ticket: Ticket, idleSinceMs: number): UpstreamConnection | undefined {
    const idle = this.#find(ticket.poolKey, ticket.address, ticket.port)?.idle
    const last = idle?.at(-1)
    if (last === undefined || last.idleSinceMs < idleSinceMs) return undefined
    idle?.pop()
    this.idleCount--
    return last
  }

  /** False when the pool is full. */
  put(connection: UpstreamConnection): boolean {
    let group = this.#find(connection.groupKey, connection.address, connection.port)
    if (group === undefined) {
      group = { address: connection.address, port: connection.port, idle: [] }
      const groups = this.#groups.get(connection.groupKey)
      if (groups === undefined) this.#groups.set(connection.groupKey, [group])
      else groups.push(group)
    }
    if (group.idle.length >= this.#maxIdle) return false
    group.idle.push(connection)
    this.idleCount++
    return true
  }

  /** Forgets a connection that is closed. */
  remove(connection: UpstreamConnection): void {
    this.all.delete(connection)
    const groups = this.#groups.get(connection.groupKey)
    const group = this.#find(connection.groupKey, connection.address, connection.port)
    if (group === undefined || groups === undefined) return
    const index = group.idle.indexOf(connection)
    if (index >= 0) {
      group.idle.splice(index, 1)
      this.idleCount--
    }
    if (group.idle.length > 0) return
    groups.splice(groups.indexOf(group), 1)
    if (groups.length === 0) this.#groups.delete(connection.groupKey)
  }

  closeIdle(): void {
    const idle = [...this.#groups.values()].flatMap((groups) => groups.flatMap((group) => group.idle))
    this.#groups.clear()
    this.idleCount = 0
    for (const connection of idle) connection.abandon()
  }

  #find(key: string, address: string, port: number): Group | undefined {
    const groups = this.#groups.get(key)
    if (groups === undefined) return undefined
    for (const group of groups) if (group.port === port && group.address === address) return group
    return undefined
  }
}
