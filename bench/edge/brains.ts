import type { Brain, Ticket } from '../../src/edge/contract.ts'
import { EdgeBrain } from '../../src/edge/admission/brain.ts'
import { defaultLimits, defaultTimeouts } from '../../src/edge/edge-config.ts'
import { rankRegions } from '../../src/edge/routing/region-order.ts'
import { RouteIndex } from '../../src/edge/routing/route-index.ts'
import { systemClock } from '../../src/kit/clock.ts'
import type { AppName, HostId, MachineId, OrgSlug, RegionCode } from '../../src/model/ids.ts'
import { knownRegions } from '../../src/model/region/region-catalogue.ts'

const appCount = 1000
const softLimit = 200
const hardLimit = 1000
const fra = 'fra' as RegionCode

interface Machine {
  readonly id: MachineId
  readonly port: number
  inFlight: number
}
/** The rules of the HAProxy config and nothing else: 1,000 names, least loaded of the back ends, soft and hard limit. */
export function staticBrain(backends: readonly number[]): Brain {
  const apps = new Map<string, Machine[]>()
  for (let app = 0; app < appCount; app++) {
    apps.set(
      `app${app}.example`,
      backends.map((port, i) => ({ id: `${app}-${i}` as MachineId, port, inFlight: 0 })),
    )
  }
  return {
    admit(facts) {
      const machines = apps.get(facts.hostname)
      if (machines === undefined) return { kind: 'refuse', status: 404, code: '', message: 'No app here.' }
      let best: Machine | undefined
      for (const machine of machines) {
        if (machine.inFlight >= hardLimit) continue
        if (best === undefined || machine.inFlight < best.inFlight || (best.inFlight >= softLimit && machine.inFlight < softLimit)) best = machine
      }
      if (best === undefined) return { kind: 'refuse', status: 503, code: 'PR03', message: 'All machines are busy.', retryAfterS: 1 }
      return { kind: 'go', ticket: ticketAt(best) }
    },
  }
}
function ticketAt(machine: Machine): Ticket {
  machine.inFlight++
  return {
    app: 'bench' as AppName,
    machine: machine.id,
    region: fra,
    address: '127.0.0.1',
    port: machine.port,
    concurrency: 'requests',
    poolKey: machine.id,
    done: () => void machine.inFlight--,
    failed: () => {
      machine.inFlight--
      return { kind: 'refuse', status: 502, code: 'PR03', message: 'No machine answers.' }
    },
  }
}

/** The edge's own brain over as many apps and machines. */
export function edgeBrain(backends: readonly number[]): Brain {
  const regions = knownRegions.filter(({ code }) => code === 'fra')
  const index = new RouteIndex('example', rankRegions(regions[0] ?? fail('no region fra'), regions))
  for (let app = 0; app < appCount; app++) {
    const name = `app${app}` as AppName
    index.setApp({ name, org: 'bench' as OrgSlug, hostnames: [] })
    for (const [i, port] of backends.entries()) {
      const fact = { seq: 1, state: 'started' as const, draining: false, endpoint: { address: '127.0.0.1' } }
      const service = {
        protocol: 'tcp' as const,
        internalPort: port,
        ports: [{ from: 80, to: 80, handlers: ['http'], forceHttps: false }],
        concurrency: { type: 'requests' as const, softLimit, hardLimit },
        autostart: true,
        autostop: 'off' as const,
        minMachinesRunning: 0,
        health: 'passing' as const,
      }
      const id = (app * 16 + i).toString(16).padStart(14, '0') as MachineId
      const route = { ...fact, id, app: name, region: fra, host: 'bench' as HostId, cordoned: false, services: [service] }
      index.setMachine(route, { ...fact, run: 1, isProven: true, learnedAt: 1 })
    }
  }
  return new EdgeBrain(
    { clock: systemClock, random: Math.random, index, wakes: { ensure: () => fail('nothing sleeps here') }, onIdle() {} },
    { domain: 'example', timeouts: defaultTimeouts, limits: defaultLimits },
  )
}
function fail(message: string): never {
  throw new Error(message)
}
