import { isProblem, splitCommandLine } from '../../../fly-toml/command-line.ts'
import type { MachineConfig } from '../../../model/machine/machine-config.ts'
import { UsageError } from '../../framework/usage-error.ts'

export interface CloneChanges {
  readonly env: Readonly<Record<string, string>>
  readonly guest: MachineConfig['guest']
  readonly command: string | undefined
  readonly clearsCommand: boolean
  readonly clearsAutoDestroy: boolean
  /** Ids; `source` is the machine that is cloned. */
  readonly standbyFor: readonly string[]
}

/** The config of a copy of a machine (flyctl's `machine clone`): everything but what the original stands by for, and what is asked to be otherwise. Pure. */
export function cloneConfig(source: MachineConfig, sourceId: string, changes: CloneChanges): MachineConfig {
  const { standbys: _standbys, auto_destroy: autoDestroy, ...kept } = source
  const { cmd: _cmd, ...init } = source.init ?? {}
  const command = changes.command === undefined ? undefined : wordsOf('--override-cmd', changes.command)
  const standbys = changes.standbyFor.map((id) => (id === 'source' ? sourceId : id))
  return {
    ...kept,
    ...(autoDestroy === undefined || changes.clearsAutoDestroy ? {} : { auto_destroy: autoDestroy }),
    ...(changes.guest === undefined ? {} : { guest: changes.guest }),
    ...(command !== undefined ? { init: { ...init, cmd: command } } : changes.clearsCommand ? { init } : {}),
    ...(Object.keys(changes.env).length === 0 ? {} : { env: { ...source.env, ...changes.env } }),
    ...(standbys.length === 0 ? {} : { standbys }),
  }
}

/** A command typed as one word, split as a shell would. */
export function wordsOf(flag: string, text: string): readonly string[] {
  const split = splitCommandLine(text)
  if (isProblem(split)) throw new UsageError(`${flag}: ${split.problem}`)
  return split
}
