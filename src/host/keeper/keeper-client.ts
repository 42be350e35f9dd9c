import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { ExitInfo, KeeperCommand, KeeperCommands, KeeperHello, RunInfo } from './keeper-protocol.ts'

/** A host's keeper as its daemon sees it. Rejections are KeeperErrors. */
export interface Keeper extends AsyncDisposable {
  readonly hello: KeeperHello
  call<C extends KeeperCommand>(command: C, request: KeeperCommands[C]['takes']): Promise<KeeperCommands[C]['answers']>
  /** Exits as they are recorded; those of the time before are in `list`. */
  onExit(listener: (exit: ExitInfo) => void): Disposable
  onRespawn(listener: (run: RunInfo) => void): Disposable
  /** The keeper died: all its runs are gone or being ended. */
  onLost(listener: () => void): Disposable
  /** A new keeper stands, what the old one left was ended. */
  onBack(listener: () => void): Disposable
}
export interface KeeperOptions {
  readonly socket: string
  /** The host's folder. */
  readonly dir: string
  readonly nodePath: string
  /** main.ts of the keeper; the built one elsewhere. */
  readonly entry?: string
}

/** Connects to the host's keeper, or starts one. Disposing leaves it running. */
export function openKeeper(_deps: { readonly clock: Clock; readonly log: Log }, _options: KeeperOptions): Promise<Keeper> {
  return Promise.reject(new Error('keeper: not in place yet'))
}
