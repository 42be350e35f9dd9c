import type { Clock } from '../../../kit/clock.ts'
import type { Log } from '../../../kit/log.ts'
import type { Keeper } from '../../keeper/keeper-client.ts'
import type { LayerSource } from '../../layer-source.ts'
import type { Runtime } from '../runtime-contract.ts'

export interface ProcessRuntimeOptions {
  /** The host's folder: bundles/, machines/ and logs/ are in it. */
  readonly dir: string
  /** The Node that serves static bundles, and `node` for programs where PATH has none. */
  readonly nodePath: string
  /** PATH of the programs. */
  readonly path: string
  /** own: every machine has an address in 127/8. ports: there is no 127/8 (macOS), ports are mapped by endpoint.portMap. */
  readonly addressMode: 'own' | 'ports'
}

/** Machines as plain processes of this computer (ADR 0006): no isolation, no root, no image. */
export function openProcessRuntime(
  _deps: { readonly keeper: Keeper; readonly layers: LayerSource; readonly clock: Clock; readonly log: Log },
  _options: ProcessRuntimeOptions,
): Promise<Runtime> {
  return Promise.reject(new Error('process runtime: not in place yet'))
}
