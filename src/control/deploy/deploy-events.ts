import type { DeployEventRecord } from '../../model/deploy/deploy-record.ts'

const longestMessage = 4_096
/** A record is one value of the store, which takes a megabyte: of a chatty release command the newest lines are kept. */
const mostEvents = 1_000
const mostBytes = 256 * 1024

/** The events with a new one behind them; when they become too many the oldest go, the plan excepted. */
export function withDeployEvent(events: readonly DeployEventRecord[], event: Omit<DeployEventRecord, 'seq'>): readonly DeployEventRecord[] {
  const seq = (events.at(-1)?.seq ?? 0) + 1
  const all = [...events, { seq, ...event, message: event.message.slice(0, longestMessage) }]
  let bytes = all.reduce((sum, { message }) => sum + message.length, 0)
  if (all.length <= mostEvents && bytes <= mostBytes) return all
  const [plan, ...others] = all
  let from = 0
  while (from < others.length - 1 && (others.length - from >= mostEvents || bytes > mostBytes)) bytes -= others[from++]?.message.length ?? 0
  return plan === undefined ? others : [plan, ...others.slice(from)]
}
