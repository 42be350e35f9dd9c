import type { AppStatus } from '../../protocol/kante-api.ts'
import type { MachineJson } from '../../protocol/machines-api.ts'
import { ago } from './ago.ts'
import { renderFields, renderTable } from './table.ts'

/** The process group a machine belongs to, as deploys mark it. */
export const groupOf = (machine: MachineJson): string => {
  const metadata = (machine.config ?? machine.incomplete_config)?.['metadata'] as Readonly<Record<string, string>> | null | undefined
  return metadata?.['fly_process_group'] ?? ''
}
export const releaseOf = (machine: MachineJson): string => {
  const metadata = machine.config?.['metadata'] as Readonly<Record<string, string>> | null | undefined
  return metadata?.['fly_release_version'] ?? String(machine.version)
}
/** `2 total, 1 passing, 1 critical` as flyctl says it. */
export function checkSummary(machine: Pick<MachineJson, 'checks'>): string {
  const { checks } = machine
  if (checks.length === 0) return ''
  const parts = (['passing', 'warning', 'critical'] as const).flatMap((status) => {
    const count = checks.filter((check) => check.status === status).length
    return count === 0 ? [] : [`${count} ${status}`]
  })
  return `${checks.length} total, ${parts.join(', ')}`
}
export const stateOf = (machine: MachineJson): string =>
  `${machine.state}${machine.cordoned ? ' (cordoned)' : ''}${machine.host_status === 'ok' ? '' : ` (host ${machine.host_status})`}`

export function renderAppStatus(status: AppStatus, nowMs: number): string {
  const app = renderFields([
    ['Name', status.app.name],
    ['Owner', status.app.organization.slug],
    ['Hostname', status.hostname],
    ['Status', status.app.status],
    ['Image', status.release?.image],
    ['Release', status.release === undefined ? undefined : `v${status.release.version}, ${ago(status.release.createdAt, nowMs)}`],
    ['Deploy', status.deploy === undefined ? undefined : `v${status.deploy.version} is ${status.deploy.status}`],
  ])
  const urls = renderTable<AppStatus['urls'][number]>(
    [
      ['edge', (each) => each.region],
      ['url', (each) => each.url],
    ],
    status.urls,
  )
  const machines =
    status.machines.length === 0
      ? 'No machines; `kante deploy` makes some.'
      : renderTable<MachineJson>(
          [
            ['process', groupOf],
            ['id', (machine) => machine.id],
            ['version', releaseOf],
            ['region', (machine) => machine.region],
            ['state', stateOf],
            ['checks', checkSummary],
            ['last updated', (machine) => ago(machine.updated_at, nowMs)],
          ],
          status.machines,
        )
  return [app, ...(status.urls.length === 0 ? [] : [urls]), machines].join('\n\n')
}
