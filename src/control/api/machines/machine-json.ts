import type { App } from '../../../model/app.ts'
import type { MachineConfig } from '../../../model/machine/machine-config.ts'
import type { CheckStatus, MachineEvent, MachineLease, MachineReport, ObservedMachine } from '../../../model/machine/machine-record.ts'
import type { MachineJson } from '../../../protocol/machines-api.ts'
import type { OrgScope, StoredMachine } from '../../state/org-scope.ts'
import { imageRefOf } from './image-ref.ts'
import { privateAddress } from './private-address.ts'

/** A machine as Fly.io's API shows it (flyctl-contract §3.8), from its host's own words. */
export function machineFromReport(app: App, report: MachineReport, options: { readonly includeLease?: boolean } = {}): MachineJson {
  return {
    ...bodyOf(app, report.observed, report.name, report.version, report.config),
    config: report.config,
    events: report.events.map(eventOf),
    host_status: 'ok',
    created_at: report.createdAt,
    ...(options.includeLease && report.lease ? { lease: leaseOf(report.lease) } : {}),
  }
}

/** The same from the published copy: for lists, and while the host does not answer (then `incomplete_config` stands in for `config`). */
export function machineFromStore(app: App, machine: StoredMachine, scope: OrgScope, isHostReachable: boolean): MachineJson {
  const { desired, observed } = machine
  const config: MachineConfig = desired?.config ?? { image: '' }
  const state: Seen = observed ?? {
    ...desired!,
    state: desired!.order === 'destroying' ? 'destroying' : 'created',
    checks: [],
    cordoned: desired!.launch?.cordoned ?? false,
  }
  return {
    ...bodyOf(app, state, desired?.name ?? '', desired?.version ?? 0, config),
    ...(isHostReachable ? { config } : { incomplete_config: config }),
    events: scope.events(machine).map(eventOf),
    host_status: isHostReachable ? 'ok' : 'unreachable',
    created_at: desired?.createdAt ?? state.updatedAt,
  }
}

export function summaryOf(machine: MachineJson, app: App): Record<string, unknown> {
  const config = machine.config ?? machine.incomplete_config
  const { id, name, state, region, instance_id, private_ip, host_status, created_at, updated_at } = machine
  return {
    id,
    app_name: app.name,
    name,
    state,
    region,
    version: instance_id,
    instance_id,
    private_ip,
    host_status,
    config: { image: config?.image ?? '', guest: config?.['guest'] ?? null, metadata: config?.['metadata'] ?? {} },
    created_at,
    updated_at,
  }
}

export const leaseOf = (lease: MachineLease): { nonce: string; expires_at: number; owner: string; description: string; version: string } => ({
  nonce: lease.nonce,
  expires_at: lease.expiresAt,
  owner: lease.owner,
  description: lease.description,
  version: lease.version,
})

export const eventOf = (event: MachineEvent): MachineJson['events'][number] => ({
  id: event.id,
  type: event.type,
  status: event.status,
  source: event.source,
  timestamp: event.timestamp,
  ...(event.request ? { request: { ...event.request } } : {}),
})

type Seen = Pick<ObservedMachine, 'id' | 'host' | 'region' | 'state' | 'instanceId' | 'checks' | 'cordoned' | 'updatedAt'>

function bodyOf(app: App, seen: Seen, name: string, version: number, config: MachineConfig) {
  return {
    id: seen.id,
    name,
    state: seen.state,
    region: seen.region,
    instance_id: seen.instanceId,
    version,
    private_ip: privateAddress(`${app.org}/${app.network}`, seen.host, seen.id),
    image_ref: imageRefOf(config.image),
    checks: seen.checks.map(checkOf),
    cordoned: seen.cordoned,
    updated_at: seen.updatedAt,
  }
}
const checkOf = (check: CheckStatus) => ({ name: check.name, status: check.status, output: check.output, updated_at: check.updatedAt })
