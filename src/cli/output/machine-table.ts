import type { MachineJson } from '../../protocol/machines-api.ts'
import { ago } from './ago.ts'
import { checkSummary, groupOf, stateOf } from './app-status.ts'
import type { Output } from '../context.ts'
import { renderFittingTable } from './table.ts'

/** `shared-cpu-1x:256MB`, as flyctl writes sizes. */
export function sizeOf(machine: MachineJson): string {
  const guest = machine.config?.['guest'] as { readonly cpu_kind?: string; readonly cpus?: number; readonly memory_mb?: number } | null | undefined
  if (guest === undefined || guest === null) return ''
  const kind = guest.cpu_kind ?? 'shared'
  return `${kind === 'shared' ? 'shared-cpu' : kind}-${guest.cpus ?? 1}x:${guest.memory_mb ?? 256}MB`
}
/** Digests are cut: what is shown is to tell images apart. */
export const imageOf = (machine: MachineJson): string =>
  ((machine.config ?? machine.incomplete_config)?.image ?? '').replace(/(sha256:[0-9a-f]{12})[0-9a-f]+/, '$1')

export const renderMachines = (machines: readonly MachineJson[], nowMs: number, output: Pick<Output, 'isTty' | 'columns'>): string =>
  renderFittingTable<MachineJson>(
    [
      ['id', (machine) => machine.id],
      ['name', (machine) => machine.name],
      ['state', stateOf],
      ['checks', checkSummary],
      ['region', (machine) => machine.region],
      ['image', imageOf],
      ['process group', groupOf],
      ['size', sizeOf],
      ['created', (machine) => ago(machine.created_at, nowMs)],
      ['last updated', (machine) => ago(machine.updated_at, nowMs)],
    ],
    machines,
    { width: output.isTty ? output.columns : undefined, dispensable: ['image', 'created', 'process group', 'name', 'size'] },
  )
