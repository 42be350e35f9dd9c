import type { App } from '../../model/app.ts'
import { releaseOf, statusOf, type SecretVersion } from '../../model/secret.ts'
import type { SecretView } from '../../protocol/secrets-api.ts'
import type { OrgScope, StoredMachine } from '../state/org-scope.ts'
import type { AppSecrets } from './app-secrets.ts'

/** Names and digests of an app's secrets, and which of its machines have them. Never a value. */
export function secretViews(secrets: AppSecrets, scope: OrgScope, app: App): readonly SecretView[] {
  const pins = new Map(scope.releases(app).map((release) => [release.version, release.secretsVersion]))
  const machines = scope.machines(app).filter(({ desired }) => desired !== undefined && desired.order !== 'destroying')
  const has = (machine: StoredMachine, latest: SecretVersion) => {
    const release = releaseOf(machine.desired!.config)
    const pin = release === undefined ? undefined : pins.get(release)
    if (pin === undefined) return startedSince(scope, machine, latest)
    return Math.max(pin, machine.desired!.minSecretsVersion ?? 0) >= latest.version
  }
  return secrets.list(app).map(({ record, latest }) => ({
    name: record.name,
    digest: latest.value?.digest ?? '',
    created_at: record.createdAt,
    updated_at: latest.at,
    status: statusOf(machines.map((machine) => has(machine, latest))),
  }))
}

/** Of machines that no release made: one that rests will get the newest when it starts, one that runs has what there was at its start. */
function startedSince(scope: OrgScope, machine: StoredMachine, latest: SecretVersion): boolean {
  if (machine.observed === undefined || restingStates.has(machine.observed.state)) return true
  const started = scope.events(machine).find((event) => event.type === 'start' || event.type === 'launch')
  return started !== undefined && started.timestamp >= Date.parse(latest.at)
}
const restingStates: ReadonlySet<string> = new Set(['created', 'stopped', 'failed'])
