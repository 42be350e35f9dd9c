import { z } from 'zod'
import type { App } from '../../../model/app.ts'
import { fault, isFault } from '../../../model/fault/fault.ts'
import { parseAppName, ulid, type AppName } from '../../../model/ids.ts'
import { app, appList, createAppRequest, faultReply } from '../../../protocol/machines-api.ts'
import { prefixRange } from '../../../store/contract.ts'
import { keys, prefixes } from '../../../store/keys.ts'
import { json, empty, route, type ApiContext, type Route } from '../route.ts'
import type { MachineServices } from '../services.ts'
import { appJson } from './app-json.ts'

/** flyctl-contract §3.2. */
export function appRoutes(services: MachineServices): readonly Route[] {
  const { store, orders, clock, random } = services
  const show = (context: ApiContext, found: App) => appJson(found, context.scope.machineCount(found), services.domain)
  return [
    route({
      method: 'GET',
      path: '/v1/apps',
      tag: 'apps',
      access: 'read',
      summary: 'List the apps of an org',
      query: z.object({ org_slug: z.string().optional(), app_role: z.string().optional() }),
      replies: { 200: { description: 'the apps', schema: appList } },
      handle(context, { query }) {
        const scope = query.org_slug ? context.scope.inOrg(query.org_slug) : context.scope
        const apps = scope.apps().map((found) => show(context, found))
        return json({ total_apps: apps.length, apps })
      },
    }),
    route({
      method: 'POST',
      path: '/v1/apps',
      tag: 'apps',
      access: 'manage',
      summary: 'Create an app',
      body: createAppRequest,
      replies: { 201: { description: 'the app', schema: app }, 422: { description: 'the name is taken', schema: faultReply } },
      async handle(context, { body }) {
        const scope = context.scope.inOrg(body.org_slug)
        const [org] = scope.orgs()
        if (org === undefined) throw fault('org_not_found', { org: scope.org })
        const name = parseAppName(body.name ?? body.app_name ?? '')
        const found = context.scope.isTaken(name) ? ownApp(context, name) : undefined
        if (found && body.idempotency_key !== undefined && found.idempotencyKey === body.idempotency_key) return json(show(context, found), 201)
        const created: App = {
          schema: 1,
          id: ulid(clock.now(), random).toLowerCase(),
          name,
          org: org.slug,
          network: body.network || 'default',
          status: 'pending',
          createdAt: new Date(clock.now()).toISOString(),
          ...(body.idempotency_key === undefined ? {} : { idempotencyKey: body.idempotency_key }),
        }
        const key = keys.app(name)
        const written = await store.transact({
          compare: [
            { key, target: 'version', is: '=', to: 0 },
            { key: keys.org(org.slug), target: 'version', is: '!=', to: 0 },
          ],
          // The org is written along, so that who deletes it meanwhile finds it changed.
          then: [
            { op: 'put', key, value: JSON.stringify(created) },
            { op: 'put', key: keys.org(org.slug), value: JSON.stringify(org) },
          ],
        })
        await services.settle(written.revision)
        if (!written.held) throw context.scope.isTaken(name) ? fault('name_taken', { app: name }) : fault('org_not_found', { org: org.slug })
        return json(show(context, created), 201)
      },
    }),
    route({
      method: 'GET',
      path: '/v1/apps/:app',
      tag: 'apps',
      access: 'read',
      isAnyName: true,
      summary: 'Show an app',
      replies: { 200: { description: 'the app', schema: app }, 403: { description: 'the name belongs to another org', schema: faultReply } },
      handle(context, { params }) {
        const found = ownApp(context, params.app)
        if (found) return json(show(context, found))
        // Clients ask this way whether a name is free: 404 is free, 403 is taken (flyctl-contract §0.6).
        if (context.scope.isTaken(params.app as AppName)) throw fault('forbidden', { what: `see the app ${params.app}` })
        throw fault('app_not_found', { app: params.app })
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/apps/:app',
      tag: 'apps',
      access: 'manage',
      summary: 'Destroy an app; its running machines only with force',
      query: z.object({ force: z.string().optional() }),
      replies: { 202: { description: 'destroyed' }, 412: { description: 'machines run still', schema: faultReply } },
      async handle(context, { params, query }) {
        const found = context.scope.app(params.app)
        const force = query.force === 'true' || query.force === '1'
        const running = context.scope.machines(found).filter(({ observed }) => observed && !restingStates.has(observed.state))
        if (running.length > 0 && !force) throw fault('app_has_machines', { app: found.name, count: running.length })
        // From here on no machine is added, so that the list below is all of them.
        const closing: App = { ...found, isClosing: true }
        await services.settle(await replaceApp(services, found, closing))
        await Promise.all(
          context.scope.machines(closing, { deleted: true }).map(async ({ desired }) => desired && orders.destroy(desired, { force: true })),
        )
        await services.settle(await removeApp(services, closing))
        return empty(202)
      },
    }),
  ]
}

function ownApp(context: ApiContext, name: string): App | undefined {
  try {
    return context.scope.app(name)
  } catch (error) {
    if (isFault(error, 'app_not_found')) return undefined
    throw error
  }
}

const restingStates: ReadonlySet<string> = new Set(['created', 'stopped', 'suspended', 'failed', 'destroyed'])

async function replaceApp({ store }: MachineServices, app: App, by: App): Promise<number> {
  const key = keys.app(app.name)
  const written = await store.transact({
    compare: [{ key, target: 'value', is: '=', to: JSON.stringify(app) }],
    then: [{ op: 'put', key, value: JSON.stringify(by) }],
  })
  if (!written.held) throw fault('app_changed', { app: app.name })
  return written.revision
}

/** The app and what hangs on it alone. */
async function removeApp({ store }: MachineServices, app: App): Promise<number> {
  const key = keys.app(app.name)
  const removed = await store.transact({
    compare: [{ key, target: 'value', is: '=', to: JSON.stringify(app) }],
    then: [
      { op: 'delete', key },
      { op: 'delete', key: keys.scaling(app.name) },
      { op: 'delete', key: keys.secretSet(app.name) },
      { op: 'deleteRange', range: prefixRange(`${prefixes.secrets}${app.name}/`) },
      { op: 'deleteRange', range: prefixRange(`${prefixes.releases}${app.name}/`) },
      { op: 'deleteRange', range: prefixRange(`${prefixes.deploys}${app.name}/`) },
    ],
  })
  if (!removed.held) throw fault('app_changed', { app: app.name })
  return removed.revision
}
