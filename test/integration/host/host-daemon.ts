/** A host in a process of its own, to be killed: what it is asked comes by message, and so do the answers. */
import type { HostPort } from '../../../src/protocol/host-port.ts'
import { openHostIn } from './host-fixture.ts'

export interface DaemonRequest {
  readonly id: number
  readonly method: 'startMachine' | 'stopMachine' | 'suspendMachine' | 'createMachine' | 'destroyMachine' | 'setMetadata'
  readonly args: readonly unknown[]
}
export interface DaemonAnswer {
  readonly id: number
  readonly ok: boolean
}

const [dir = '', base = ''] = process.argv.slice(2)
// All bundles lie in the host's folder already.
const nothing = () => Promise.reject(new Error('no bundles here'))
const { host } = await openHostIn({ dir, base, bundles: { bundle: nothing, layer: nothing } })
process.on('message', ({ id, method, args }: DaemonRequest) => {
  const call = host.port[method] as (this: HostPort, ...args: unknown[]) => Promise<unknown>
  call.apply(host.port, [...args]).then(
    () => process.send?.({ id, ok: true } satisfies DaemonAnswer),
    () => process.send?.({ id, ok: false } satisfies DaemonAnswer),
  )
})
process.send?.({ id: 0, ok: true } satisfies DaemonAnswer)
