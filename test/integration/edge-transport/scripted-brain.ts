import type { Brain, Decision, Refusal, RequestFacts, Ticket } from '../../../src/edge/contract.ts'
import type { AppName, MachineId, RegionCode } from '../../../src/model/ids.ts'

export interface Place {
  readonly port: number
  readonly address?: string
  readonly machine?: string
  readonly poolKey?: string
}
export interface TicketEnd {
  readonly port: number
  readonly end: 'ok' | 'aborted' | 'bad-response' | 'refused' | 'reset' | 'timeout'
}
export const refusal = (status: Refusal['status'], message: string, retryAfterS?: number): Refusal => ({
  kind: 'refuse',
  status,
  code: status === 404 ? '' : 'PR03',
  message,
  ...(retryAfterS === undefined ? {} : { retryAfterS }),
})

/** A brain that does what a test says: `admit` picks the first decision, `next` what follows a failed place. It checks that each ticket ends once. */
export class ScriptedBrain implements Brain {
  readonly asked: RequestFacts[] = []
  readonly ends: TicketEnd[] = []
  open = 0
  decide: (facts: RequestFacts, brain: ScriptedBrain) => Decision
  next: (reason: 'refused' | 'reset' | 'timeout', brain: ScriptedBrain) => Decision = () => refusal(502, 'no machine left')

  constructor(decide: (facts: RequestFacts, brain: ScriptedBrain) => Decision) {
    this.decide = decide
  }
  admit(facts: RequestFacts): Decision {
    this.asked.push(facts)
    return this.decide(facts, this)
  }
  go(place: Place): { kind: 'go'; ticket: Ticket } {
    let isOver = false
    const end = (how: TicketEnd['end']) => {
      if (isOver) throw new Error('a ticket ended twice')
      isOver = true
      this.open--
      this.ends.push({ port: place.port, end: how })
    }
    this.open++
    return {
      kind: 'go',
      ticket: {
        app: 'hello' as AppName,
        machine: (place.machine ?? '00000000000001') as MachineId,
        region: 'fra' as RegionCode,
        address: place.address ?? '127.0.0.1',
        port: place.port,
        concurrency: 'requests',
        poolKey: place.poolKey ?? 'run-1',
        done: end,
        failed: (reason) => {
          end(reason)
          return this.next(reason, this)
        },
      },
    }
  }
}
export const alwaysTo = (port: number): ScriptedBrain => new ScriptedBrain((_, brain) => brain.go({ port }))
