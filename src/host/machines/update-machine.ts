import { isDeepStrictEqual } from 'node:util'
import { fault } from '../../model/fault/fault.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import { stopConfigOf } from '../../model/machine/stop-config.ts'
import type { Guard, MachineOrder } from '../../protocol/host-port.ts'
import { checkConfig } from './create-machine.ts'
import { machineOf, type HostCore } from './host-core.ts'
import type { Machine } from './machine.ts'
import type { MachineRow } from './machine-row.ts'
import { touched } from './machine-step.ts'
import { portsOf, runSpecOf } from './run-spec.ts'

/** A whole new config under the order's instance id; what runs is restarted, what sleeps sleeps on. */
export async function updateMachine(core: HostCore, order: MachineOrder, guard: Guard & { readonly currentVersion?: string }): Promise<Machine> {
  const { desired } = order
  const machine = machineOf(core, desired.id)
  if (machine.row.desired.instanceId === desired.instanceId) return machine
  if (guard.currentVersion !== undefined && guard.currentVersion !== machine.row.desired.instanceId) {
    throw fault('machine_version', { id: desired.id, expected: guard.currentVersion, found: machine.row.desired.instanceId })
  }
  checkConfig(desired.config, core.options.runtimeName)
  const lease = { nonce: guard.nonce }
  const endpoint = core.pool.take(portsOf(desired.config), machine.row.endpoint)
  // Unpacked while the old version still runs: the machine is away only for its own stop and boot.
  await core.context.runtime.prepare(runSpecOf(desired, endpoint))
  await machine.command(
    { type: 'update', start: order.start },
    { action: 'update', type: 'update', source: guard.source ?? 'user', guard: lease },
    (row) => ({
      ...row,
      desired: { ...desired, name: row.desired.name, region: row.desired.region, version: Math.max(desired.version, row.desired.version + 1) },
      endpoint,
      checks: [],
      hasLaunched: false,
      stop: stopConfigOf(row.desired.config),
      restartsMs: [],
      restartCount: 0,
    }),
  )
  return machine
}

const withoutMetadata = ({ metadata: _metadata, ...config }: MachineConfig) => config

/** The row with this metadata under the same version (platform-semantics §8.9), or undefined when it has just that. */
export function withMetadata(row: MachineRow, metadata: MachineConfig['metadata'], nowMs: number): MachineRow | undefined {
  if (isDeepStrictEqual(row.desired.config.metadata ?? {}, metadata ?? {})) return undefined
  const config: MachineConfig = { ...withoutMetadata(row.desired.config), image: row.desired.config.image, metadata: metadata ?? {} }
  return touched({ ...row, desired: { ...row.desired, config, updatedAt: new Date(nowMs).toISOString() } }, nowMs)
}
