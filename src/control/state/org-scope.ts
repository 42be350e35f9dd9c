import type { App, Bundle, Org, Release } from '../../model/app.ts'
import type { DeployRecord } from '../../model/deploy/deploy-record.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import { parseAppName, parseMachineId, type AppName, type Digest, type HostId, type MachineId, type OrgSlug } from '../../model/ids.ts'
import type { DesiredMachine, MachineEvent, ObservedMachine } from '../../model/machine/machine-record.ts'
import type { SecretSet } from '../../model/secret.ts'
import { keys, prefixes } from '../../store/keys.ts'
import type { PlatformCounts } from '../platform/platform-counts.ts'
import type { Records } from './records.ts'

/** What the store holds of one machine; one of the two is always there. */
export interface StoredMachine {
  readonly id: MachineId
  readonly app: AppName
  readonly org: OrgSlug
  readonly host: HostId
  readonly desired: DesiredMachine | undefined
  readonly observed: ObservedMachine | undefined
}

/** What a token reaches. Without `orgs`, every org: the operator's. */
export interface ScopeLimits {
  /** Whose is what the caller makes, unless it names another. */
  readonly home: OrgSlug
  readonly only?: OrgSlug
  /** The one app of a deploy token, by id: a name can be another's tomorrow. */
  readonly appId?: string
}

/**
 * All that a caller may see, and the only way for handlers to see anything: every read here is bound to what its token reaches, which is one org but for
 * the operator (peers B.2: a tenant check that each endpoint must remember is one that some endpoint forgets). What belongs to others is `…_not_found`.
 */
export interface OrgScope {
  readonly org: OrgSlug
  /** The same, narrowed to one of the orgs reached; to the home org without a slug. Fault org_not_found. */
  inOrg(slug: string | undefined): OrgScope
  orgs(): readonly Org[]
  /** Whether what belongs to an org as a whole is reached: all of it but with a deploy token. */
  covers(org: OrgSlug): boolean
  apps(): readonly App[]
  app(name: string): App
  /** Whether the name is taken at all, by whichever org: names are global. */
  isTaken(name: AppName): boolean
  machine(app: App, id: string): StoredMachine
  /** Destroyed ones only with `deleted`. Oldest first. */
  machines(app: App, options?: { readonly deleted?: boolean }): readonly StoredMachine[]
  machineCount(app: App): number
  events(machine: StoredMachine): readonly MachineEvent[]
  /** Oldest first. */
  releases(app: App): readonly Release[]
  /** Oldest first. */
  deploys(app: App): readonly DeployRecord[]
  deploy(app: App, id: string): DeployRecord
  /** Counts the changes of an app's secrets. */
  secretsVersion(app: App): number
  bundle(digest: Digest): Bundle
}

export function openOrgScope(records: Records, counts: Pick<PlatformCounts, 'orderedOf'>, limits: ScopeLimits): OrgScope {
  const find = (name: AppName) => records.get<App>(keys.app(name))
  const covers = (org: OrgSlug) => limits.only === undefined || org === limits.only
  const isOwn = (app: App | undefined): app is App => app !== undefined && covers(app.org) && (limits.appId === undefined || app.id === limits.appId)
  const own = (app: App): AppName => {
    const { name } = app
    if (!isOwn(app)) throw fault('app_not_found', { app: name })
    return name
  }
  return {
    org: limits.home,
    inOrg(slug) {
      const org = slug === undefined || slug === '' ? limits.home : (slug as OrgSlug)
      const isThere = org === limits.home || records.get<Org>(keys.org(org)) !== undefined
      if (!covers(org) || !isThere) throw fault('org_not_found', { org })
      return openOrgScope(records, counts, { ...limits, home: org, only: org })
    },
    covers: (org) => covers(org) && limits.appId === undefined,
    orgs: () => records.list<Org>(prefixes.orgs).filter((org) => covers(org.slug)),
    apps: () => records.list<App>(prefixes.apps).filter(isOwn),
    app(name) {
      const app = isName(name) ? find(name) : undefined
      if (!isOwn(app)) throw fault('app_not_found', { app: name })
      return app
    },
    isTaken: (name) => find(name) !== undefined,
    machine(app, id) {
      const name = own(app)
      const machineId = isId(id) ? id : undefined
      const desired = machineId && records.get<DesiredMachine>(keys.machine(name, machineId))
      const observed = machineId && records.get<ObservedMachine>(keys.observed(name, machineId))
      const machine = join(desired, observed)
      if (machine?.org !== app.org) throw fault('machine_not_found', { id })
      return machine
    },
    machines(app, options = {}) {
      const name = own(app)
      const observed = new Map(records.list<ObservedMachine>(`${prefixes.observed}${name}/`).map((machine) => [machine.id, machine]))
      const found: StoredMachine[] = []
      for (const desired of records.list<DesiredMachine>(`${prefixes.machines}${name}/`)) {
        const machine = join(desired, observed.get(desired.id))
        observed.delete(desired.id)
        if (machine && (options.deleted || machine.observed?.state !== 'destroyed')) found.push(machine)
      }
      if (options.deleted) for (const machine of observed.values()) found.push({ ...join(undefined, machine)! })
      return found.toSorted((a, b) => (createdAt(a) < createdAt(b) ? -1 : createdAt(a) > createdAt(b) ? 1 : a.id < b.id ? -1 : 1))
    },
    machineCount: (app) => counts.orderedOf(own(app)),
    events: (machine) => (covers(machine.org) ? (records.get<readonly MachineEvent[]>(keys.events(machine.app, machine.id)) ?? []) : []),
    releases: (app) => records.list<Release>(`${prefixes.releases}${own(app)}/`),
    deploys: (app) => records.list<DeployRecord>(`${prefixes.deploys}${own(app)}/`),
    deploy(app, id) {
      const deploy = /^[0-9a-z]{26}$/.test(id) ? records.get<DeployRecord>(`${prefixes.deploys}${own(app)}/${id}`) : undefined
      if (deploy === undefined) throw fault('deploy_not_found', { app: app.name, id })
      return deploy
    },
    secretsVersion: (app) => records.get<SecretSet>(keys.secretSet(own(app)))?.version ?? 0,
    bundle(digest) {
      const bundle = records.get<Bundle>(keys.bundle(digest))
      if (bundle === undefined || !isOwn(find(bundle.app))) throw fault('bundle_not_found', { digest })
      return bundle
    },
  }
}

const createdAt = (machine: StoredMachine) => machine.desired?.createdAt ?? machine.observed?.updatedAt ?? ''

function join(desired: DesiredMachine | undefined, observed: ObservedMachine | undefined): StoredMachine | undefined {
  const either = desired ?? observed
  return either && { id: either.id, app: either.app, org: either.org, host: either.host, desired, observed }
}

/** A name from a path that cannot be one is a thing that is not there. */
const isName = (text: string): text is AppName => parses(parseAppName, text)
const isId = (text: string): text is MachineId => parses(parseMachineId, text)
function parses(parse: (text: string) => string, text: string): boolean {
  try {
    parse(text)
    return true
  } catch (error) {
    if (isFault(error, 'invalid_value')) return false
    throw error
  }
}
