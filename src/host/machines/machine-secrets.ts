import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { Secret } from '../../kit/secret.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import { releaseOf } from '../../model/secret.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import type { SecretSource, SecretsWanted } from '../../protocol/secret-source.ts'

export type SecretEnv = Readonly<Record<string, string>>
/** The secrets of this host's machines: in memory only, and only those that a machine here needs. */
export interface MachineSecrets {
  /** For a start. Those of a release never change, so a wake asks nobody. Fault secrets_unavailable when they were never had and cannot be had now. */
  of(desired: DesiredMachine): Promise<SecretEnv>
  /** Lays them ready for the next start, which then needs no control. */
  prepare(desired: DesiredMachine): Promise<void>
}
/** A start waits no longer than this for what it has an older copy of. */
const patienceMs = 2_000

export function openMachineSecrets(deps: {
  readonly source: SecretSource | undefined
  /** Of every machine here. */
  readonly desired: () => Iterable<DesiredMachine>
  readonly clock: Clock
  readonly log: Log
}): MachineSecrets {
  const { source, clock, log } = deps
  const held = new Map<string, Secret>()

  async function fetch(desired: DesiredMachine): Promise<SecretEnv> {
    if (source === undefined) return {}
    const key = keyOf(desired)
    try {
      const env = await withPatience(clock, source.secretsOf(wantedBy(desired)), desired)
      forgetUnneeded(key)
      held.set(key, new Secret(JSON.stringify(env)))
      return env
    } catch (error) {
      const copy = held.get(key)
      if (copy === undefined || !isFault(error) || error.kind !== 'unavailable') throw error
      log.warn('secrets cannot be had now, the copy here is used', { app: desired.app, machine: desired.id, error })
      return JSON.parse(copy.reveal()) as SecretEnv
    }
  }
  function forgetUnneeded(but: string): void {
    const needed = new Set([but, ...Array.from(deps.desired(), keyOf)])
    for (const key of held.keys()) if (!needed.has(key)) held.delete(key)
  }

  return {
    of: async (desired) => {
      const copy = isFixed(desired) ? held.get(keyOf(desired)) : undefined
      return copy === undefined ? fetch(desired) : (JSON.parse(copy.reveal()) as SecretEnv)
    },
    prepare: async (desired) => {
      if (isFixed(desired) && held.has(keyOf(desired))) return
      try {
        await fetch(desired)
      } catch (error) {
        // The start asks again, and says so if it fails.
        log.warn('secrets are not ready for the next start', { app: desired.app, machine: desired.id, error })
      }
    },
  }
}

const releaseIdOf = ({ config }: DesiredMachine) => config.metadata?.['fly_release_id'] ?? ''
/** A release keeps the secrets that it was made with (docs/adr/0022); a machine that no release made gets the newest. */
const isFixed = (desired: DesiredMachine) => releaseOf(desired.config) !== undefined && releaseIdOf(desired) !== ''
const keyOf = (desired: DesiredMachine) =>
  `${desired.app} ${releaseIdOf(desired)} ${releaseOf(desired.config) ?? ''} ${desired.minSecretsVersion ?? ''}`
function wantedBy({ app, id, config, minSecretsVersion: atLeast }: DesiredMachine): SecretsWanted {
  const release = releaseOf(config)
  return { app, machine: id, ...(release === undefined ? {} : { release }), ...(atLeast === undefined ? {} : { atLeast }) }
}

async function withPatience(clock: Clock, asked: Promise<SecretEnv>, { app }: DesiredMachine): Promise<SecretEnv> {
  const late = Promise.withResolvers<never>()
  using _timer = clock.timer(patienceMs, () => late.reject(fault('secrets_unavailable', { app, reason: `no answer after ${patienceMs / 1000} s` })))
  return await Promise.race([asked, late.promise])
}
