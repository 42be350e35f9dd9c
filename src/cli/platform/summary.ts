import type { PlatformStatus } from '../../protocol/kante-api.ts'
import { renderTable } from '../output/table.ts'

/** The platform in a few lines. */
export function platformSummary(status: PlatformStatus): string {
  const regions = renderTable<PlatformStatus['regions'][number]>(
    [
      ['region', (region) => region.code],
      ['name', (region) => region.name],
      ['edge', (region) => (region.edge === 'ok' ? region.edgeUrl : `${region.edgeUrl} (down)`)],
      ['host', (region) => (region.status === 'ok' ? region.host : `${region.host} (unreachable)`)],
      ['runtime', (region) => region.runtime],
      ['machines', (region) => region.machines],
      ['started', (region) => region.started],
    ],
    status.regions,
  )
  const first = status.regions[0]
  const example = first === undefined ? '' : `\nApps answer at ${first.edgeUrl.replace('://localhost', `://<app>.${status.domain}`)} and so on.`
  return `${regions}\n\nAPI ${status.apiAddress.includes('://') ? status.apiAddress : `http://${status.apiAddress}`}, home ${status.home}, daemon ${status.pid}.${example}`
}
