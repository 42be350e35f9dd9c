import type { AppName, DeployId, HostId, MachineId, OrgSlug } from '../model/ids.ts'

/** The layout of the store; each prefix has one writer (docs/adr/0003). */
export const keys = {
  org: (org: OrgSlug) => `org/${org}`,
  app: (app: AppName) => `app/${app}`,
  release: (app: AppName, version: number) => `release/${app}/${String(version).padStart(8, '0')}`,
  bundle: (digest: string) => `bundle/${digest}`,
  scaling: (app: AppName) => `scaling/${app}`,
  deploy: (app: AppName, id: DeployId) => `deploy/${app}/${id}`,
  machine: (app: AppName, id: MachineId) => `machine/${app}/${id}`,
  observed: (app: AppName, id: MachineId) => `machine-state/${app}/${id}`,
  events: (app: AppName, id: MachineId) => `event/${app}/${id}`,
  host: (host: HostId) => `host/${host}`,
  lease: (name: string) => `lease/${name}`,
  /** The version of an app's secrets as a whole. */
  secretSet: (app: AppName) => `secret-set/${app}`,
  secret: (app: AppName, name: string) => `secret/${app}/${name}`,
  /** An org's data key, wrapped by the master key. */
  dataKey: (owner: string) => `data-key/${owner}`,
  token: (id: string) => `token/${id}`,
  /** Not in `prefixes`: read from the store, so that no mirror holds them all. */
  audit: (seq: number) => `audit/${String(seq).padStart(12, '0')}`,
  auditHead: 'audit-head',
  /** Tells whether a master key is the one this store was written under. */
  masterKeyMark: 'platform/master-key-mark',
} as const
export const prefixes = {
  orgs: 'org/',
  apps: 'app/',
  releases: 'release/',
  bundles: 'bundle/',
  scalings: 'scaling/',
  deploys: 'deploy/',
  machines: 'machine/',
  observed: 'machine-state/',
  events: 'event/',
  hosts: 'host/',
  leases: 'lease/',
  secretSets: 'secret-set/',
  secrets: 'secret/',
  dataKeys: 'data-key/',
  tokens: 'token/',
} as const
/** What a mirror of the platform's store holds: everything but the audit log, which only grows. */
export const mirroredPrefixes: readonly string[] = [...Object.values(prefixes), 'platform/']
