import { fault } from '../../model/fault/fault.ts'
import { parseHostId, parseMachineId } from '../../model/ids.ts'
import type { HostMessage } from '../../protocol/edge-session.ts'
import { endpoint, integer, machineState, object, text } from '../feed/route-message.ts'

/** A line of a host's session. Undefined for a type that a newer host may have. Faults: invalid_value. */
export function parseHostMessage(line: string): HostMessage | undefined {
  const json = object('session', JSON.parse(line))
  const { type } = json
  switch (type) {
    case 'hello':
      return { type, host: parseHostId(text('host', json['host'])), bootId: text('bootId', json['bootId']) }
    case 'state':
      return {
        type,
        id: parseMachineId(text('id', json['id'])),
        seq: integer('seq', json['seq']),
        state: machineState(json['state']),
        draining: json['draining'] === true,
        endpoint: endpoint(json['endpoint']),
      }
    case 'drain':
    case 'undrain':
      return {
        type,
        id: parseMachineId(text('id', json['id'])),
        seq: integer('seq', json['seq']),
        drainId: text('drainId', json['drainId']),
        ...(type === 'drain' && json['forDeploy'] === true ? { forDeploy: true } : {}),
      }
    case 'beat':
      return { type }
    default:
      if (typeof type !== 'string') throw fault('invalid_value', { field: 'session: type', found: type, rule: 'a text' })
      return undefined
  }
}
