import type { MachineEndpoint } from '../../../model/machine/machine-record.ts'

/** Says where a machine's processes listen, for the fault not_listening: "listens on 127.0.0.1:3000, not on 127.5.0.2:8080". */
export function describeListening(_pids: readonly number[], _endpoint: MachineEndpoint, _port: number): Promise<string> {
  return Promise.reject(new Error('not in place yet'))
}
