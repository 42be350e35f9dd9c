import { z } from 'zod'
import type { App } from '../../../model/app.ts'
import { fault, isFault } from '../../../model/fault/fault.ts'
import { parseDigest } from '../../../model/ids.ts'
import type { MachineConfig } from '../../../model/machine/machine-config.ts'
import type { DesiredMachine, MachineReport } from '../../../model/machine/machine-record.ts'
import { placeMachine } from '../../../model/placement/place-machine.ts'
import type { HostPort, MachineReply } from '../../../protocol/host-port.ts'
import {
  createMachineRequest,
  faultReply,
  machine,
  machineEvent,
  machineSummary,
  okReply,
  processList,
  updateMachineRequest,
  versionList,
  type CreateMachineRequest,
  type MachineJson,
  type UpdateMachineRequest,
} from '../../../protocol/machines-api.ts'
import type { StoredMachine } from '../../state/org-scope.ts'
import { json, route, type ApiContext, type Route } from '../route.ts'
import type { MachineServices } from '../services.ts'
import { machineFromReport, machineFromStore, summaryOf } from './machine-json.ts'
import { checkConfig, guardOf, isTrue, listOf } from './machine-input.ts'

const machinesPath = '/v1/apps/:app/machines'
const machinePath = '/v1/apps/:app/machines/:id'
const noMachine = { 404: { description: 'no such machine', schema: faultReply } } as const

/** Reading, making, changing and ending machines (flyctl-contract §3.3). */
export function machineRoutes(services: MachineServices): readonly Route[] {
  const { orders, platform } = services
  return [
    route({
      method: 'GET',
      path: machinesPath,
      tag: 'machines',
      access: 'read',
      summary: 'List the machines of an app; `metadata.KEY=VALUE` filters by metadata',
      query: z.looseObject({
        include_deleted: z.string().optional(),
        summary: z.string().optional(),
        region: z.union([z.string(), z.array(z.string())]).optional(),
        state: z.union([z.string(), z.array(z.string())]).optional(),
      }),
      replies: { 200: { description: 'the machines', schema: z.array(machine) } },
      handle(context, { params, query }) {
        const app = context.scope.app(params.app)
        const regions = listOf(query.region)
        const states = listOf(query.state)
        const wanted = Object.entries(query).flatMap(([name, value]) =>
          name.startsWith('metadata.') ? [[name.slice(9), String(value)] as const] : [],
        )
        const machines = context.scope
          .machines(app, { deleted: isTrue(query.include_deleted) })
          .filter(({ desired }) => wanted.every(([name, value]) => desired?.config.metadata?.[name] === value))
          .map((found) => machineFromStore(app, found, context.scope, platform.isReachable(found.host)))
          .filter((found) => (regions.length === 0 || regions.includes(found.region)) && (states.length === 0 || states.includes(found.state)))
        return json(isTrue(query.summary) ? machines.map((found) => summaryOf(found, app)) : machines)
      },
    }),
    route({
      method: 'POST',
      path: machinesPath,
      tag: 'machines',
      access: 'deploy',
      summary: 'Create a machine and start it unless skip_launch',
      body: createMachineRequest,
      isExact: true,
      replies: { 200: { description: 'the machine', schema: machine }, 422: { description: 'no room', schema: faultReply } },
      async handle(context, { params, body }) {
        const app = context.scope.app(params.app)
        const config = checkImage(context, configOf(body))
        const regions = platform.wanted(body.region, app.primaryRegion)
        const host = placeMachine(regions, platform.loads(app.name))
        const { report } = await orders.create({
          app,
          host: host.id,
          region: host.region,
          config,
          start: !body.skip_launch,
          cordoned: body.skip_service_registration ?? false,
          ...(body.name ? { name: body.name } : {}),
          ...minSecretsOf(context, app, body),
          ...(body.lease_ttl ? { leaseTtlMs: body.lease_ttl * 1000, leaseOwner: context.caller.tokenId } : {}),
        })
        return json(withNonce(machineFromReport(app, report), report))
      },
    }),
    route({
      method: 'GET',
      path: machinePath,
      tag: 'machines',
      access: 'read',
      summary: 'Show a machine, as its host sees it now',
      query: z.object({ include_leases: z.string().optional() }),
      replies: { 200: { description: 'the machine', schema: machine }, ...noMachine },
      async handle(context, { params, query }) {
        const app = context.scope.app(params.app)
        return json(await show(services, context, app, context.scope.machine(app, params.id), isTrue(query.include_leases)))
      },
    }),
    route({
      method: 'POST',
      path: machinePath,
      tag: 'machines',
      access: 'deploy',
      summary: 'Replace the whole config of a machine; a running one restarts',
      body: updateMachineRequest,
      isExact: true,
      replies: {
        200: { description: 'the machine', schema: machine },
        409: { description: 'leased, or another version', schema: faultReply },
        ...noMachine,
      },
      async handle(context, { params, body }) {
        const app = context.scope.app(params.app)
        const found = live(context.scope.machine(app, params.id))
        checkVersion(found, body)
        const config = checkImage(context, configOf(body))
        if (body.region && body.region !== found.region) {
          throw fault('invalid_value', { field: 'region', found: body.region, rule: `${found.region}: a machine cannot move` })
        }
        const { report } = await orders.update(found, {
          config,
          start: !body.skip_launch,
          guard: guardOf(context),
          ...minSecretsOf(context, app, body),
          ...(typeof body.current_version === 'string' ? { currentVersion: body.current_version } : {}),
        })
        return json(withNonce(machineFromReport(app, report), report))
      },
    }),
    route({
      method: 'DELETE',
      path: machinePath,
      tag: 'machines',
      access: 'deploy',
      summary: 'Destroy a machine; a running one only with force',
      query: z.object({ force: z.string().optional(), kill: z.string().optional() }),
      replies: { 200: { description: 'destroyed', schema: okReply }, 412: { description: 'it runs', schema: faultReply }, ...noMachine },
      async handle(context, { params, query }) {
        const app = context.scope.app(params.app)
        const found = context.scope.machine(app, params.id)
        if (found.desired === undefined) return json({ ok: true })
        await orders.destroy(found.desired, { ...guardOf(context), force: isTrue(query.force) || isTrue(query.kill) })
        return json({ ok: true })
      },
    }),
    route({
      method: 'GET',
      path: `${machinePath}/events`,
      tag: 'machines',
      access: 'read',
      summary: 'The events of a machine, newest first',
      query: z.object({ limit: z.coerce.number().int().min(1).max(50).default(20) }),
      replies: { 200: { description: 'the events', schema: z.array(machineEvent) }, ...noMachine },
      async handle(context, { params, query }) {
        const app = context.scope.app(params.app)
        const shown = await show(services, context, app, context.scope.machine(app, params.id), false)
        return json(shown.events.slice(0, query.limit))
      },
    }),
    route({
      method: 'GET',
      path: `${machinePath}/versions`,
      tag: 'machines',
      access: 'read',
      summary: 'The configs that a machine had, newest first',
      replies: { 200: { description: 'the versions', schema: versionList }, ...noMachine },
      async handle(context, { params }) {
        const found = context.scope.machine(context.scope.app(params.app), params.id)
        return json(await orders.host(found.host).versions(found.id))
      },
    }),
    route({
      method: 'GET',
      path: `${machinePath}/ps`,
      tag: 'machines',
      access: 'read',
      summary: 'The processes of a running machine',
      query: z.object({
        sort_by: z.enum(['pid', 'cpu', 'rss', 'rtime', 'stime', 'command']).default('pid'),
        order: z.enum(['asc', 'desc']).default('asc'),
      }),
      replies: { 200: { description: 'the processes', schema: processList }, ...noMachine },
      async handle(context, { params, query }) {
        const found = context.scope.machine(context.scope.app(params.app), params.id)
        const by = query.sort_by
        const sorted = (await orders.host(found.host).processes(found.id)).toSorted((a, b) => (a[by] < b[by] ? -1 : a[by] > b[by] ? 1 : 0))
        return json(query.order === 'desc' ? sorted.toReversed() : sorted)
      },
    }),
    route({
      method: 'GET',
      path: '/v1/orgs/:org/machines',
      tag: 'machines',
      access: 'read',
      summary: 'All machines of an org, in the order of their ids',
      query: z.looseObject({
        include_deleted: z.string().optional(),
        region: z.union([z.string(), z.array(z.string())]).optional(),
        state: z.union([z.string(), z.array(z.string())]).optional(),
        updated_after: z.iso.datetime().optional(),
        cursor: z.string().max(64).optional(),
        limit: z.coerce.number().int().min(1).max(1000).default(200),
      }),
      replies: {
        200: { description: 'a page of machines', schema: z.looseObject({ machines: z.array(machineSummary), next_cursor: z.string() }) },
      },
      handle(context, { params, query }) {
        const scope = context.scope.inOrg(params.org)
        const regions = listOf(query.region)
        const states = listOf(query.state)
        const isWanted = (found: StoredMachine) =>
          (query.cursor === undefined || found.id > query.cursor) &&
          (regions.length === 0 || regions.includes((found.observed ?? found.desired)!.region)) &&
          (states.length === 0 || states.includes(found.observed?.state ?? 'created')) &&
          (query.updated_after === undefined || (found.observed ?? found.desired)!.updatedAt > query.updated_after)
        const all = scope.apps().flatMap((app) =>
          scope
            .machines(app, { deleted: isTrue(query.include_deleted) })
            .filter(isWanted)
            .map((found) => ({ app, found })),
        )
        const page = all.toSorted((a, b) => (a.found.id < b.found.id ? -1 : 1)).slice(0, query.limit)
        const last = page.at(-1)?.found
        return json({
          machines: page.map(({ app, found }) => summaryOf(machineFromStore(app, found, context.scope, platform.isReachable(found.host)), app)),
          next_cursor: all.length > page.length ? (last?.id ?? '') : '',
          last_machine_id: last?.id ?? '',
          last_updated_at: (last?.observed ?? last?.desired)?.updatedAt ?? '',
          error_regions: platform.hosts().flatMap((host) => (platform.isReachable(host.id) ? [] : [host.region.code])),
        })
      },
    }),
  ]
}

/** From the host; when that does not answer, the published copy. */
export async function show(
  { orders }: Pick<MachineServices, 'orders'>,
  context: ApiContext,
  app: App,
  found: StoredMachine,
  includeLease: boolean,
): Promise<MachineJson> {
  try {
    return machineFromReport(app, await orders.host(found.host).getMachine(found.id), { includeLease })
  } catch (error) {
    if (!isFault(error) || error.kind !== 'unavailable') {
      // Ordered, but its host has not been told yet.
      if (!isFault(error, 'machine_not_found') || found.desired?.order !== 'pending') throw error
      return machineFromStore(app, found, context.scope, true)
    }
    return machineFromStore(app, found, context.scope, false)
  }
}

/** A machine that exists still; one that was destroyed is only there to be read. */
export function live(found: StoredMachine): DesiredMachine {
  if (found.desired === undefined) throw fault('machine_not_found', { id: found.id })
  return found.desired
}

/** What a host is asked, after the orders that are on their way to the machine. */
export const ask = <Reply extends MachineReply | void>(
  services: MachineServices,
  found: StoredMachine,
  order: (host: HostPort) => Promise<Reply>,
): Promise<Reply> => services.orders.act<Reply>(live(found).id, () => order(services.orders.host(found.host)))

const configOf = (body: CreateMachineRequest) => checkConfig(body.config as unknown as MachineConfig)

function minSecretsOf({ scope }: ApiContext, app: App, body: CreateMachineRequest): { readonly minSecretsVersion?: number } {
  const wanted = body.min_secrets_version ?? 0
  const version = scope.secretsVersion(app)
  if (wanted > version) throw fault('secrets_behind', { app: app.name, version, wanted })
  return wanted === 0 ? {} : { minSecretsVersion: wanted }
}

/** A bundle is its org's: naming the digest of another's is naming nothing. */
function checkImage(context: ApiContext, config: MachineConfig): MachineConfig {
  if (config.image.startsWith('bundle@')) context.scope.bundle(parseDigest(config.image.slice('bundle@'.length)))
  return config
}

function checkVersion(found: DesiredMachine, body: UpdateMachineRequest): void {
  const expected = body.current_version
  if (expected === undefined || expected === '' || expected === found.instanceId || String(expected) === String(found.version)) return
  throw fault('machine_version', { id: found.id, expected: String(expected), found: found.instanceId })
}

const withNonce = (shown: MachineJson, report: MachineReport): MachineJson => (report.lease ? { ...shown, nonce: report.lease.nonce } : shown)
