import { z } from 'zod'
import { fault } from '../../../model/fault/fault.ts'
import type { DesiredMachine } from '../../../model/machine/machine-record.ts'
import { faultReply, metadataRequest, metadataValue } from '../../../protocol/machines-api.ts'
import { empty, json, route, type ApiContext, type Route } from '../route.ts'
import type { MachineServices } from '../services.ts'
import { guardOf } from './machine-input.ts'
import { live } from './machine-routes.ts'

const path = '/v1/apps/:app/machines/:id/metadata'
const none = { 404: { description: 'no such machine or key', schema: faultReply } } as const
const written = { 204: { description: 'written' }, ...none } as const

/** A machine's metadata: changed without a new version (flyctl-contract §3.3). */
export function metadataRoutes({ orders }: MachineServices): readonly Route[] {
  const find = (context: ApiContext, params: { readonly app: string; readonly id: string }) =>
    live(context.scope.machine(context.scope.app(params.app), params.id))
  const metadataOf = (found: DesiredMachine) => found.config.metadata ?? {}
  const many = (method: 'PUT' | 'PATCH') =>
    route({
      method,
      path,
      tag: 'machines',
      access: 'deploy',
      summary: method === 'PUT' ? 'Set the metadata: keys that are not named go' : 'Change some metadata; null or an empty text removes a key',
      body: metadataRequest,
      replies: { ...written, 412: { description: 'another version', schema: faultReply } },
      async handle(context, { params, body }) {
        const found = find(context, params)
        if (body.machine_version && body.machine_version !== found.instanceId) {
          throw fault('metadata_version', { id: found.id, expected: body.machine_version, found: found.instanceId })
        }
        const gone = method === 'PUT' ? Object.keys(metadataOf(found)).map((name) => [name, null] as const) : []
        const set = Object.entries(body.metadata).map(([name, value]) => [name, value === '' ? null : value] as const)
        await orders.setMetadata(found, Object.fromEntries([...gone, ...set]), guardOf(context))
        return empty(204)
      },
    })
  return [
    route({
      method: 'GET',
      path,
      tag: 'machines',
      access: 'read',
      summary: 'The metadata of a machine',
      replies: { 200: { description: 'keys and values', schema: z.record(z.string(), z.string()) }, ...none },
      handle: (context, { params }) => json(metadataOf(find(context, params))),
    }),
    many('PUT'),
    many('PATCH'),
    route({
      method: 'GET',
      path: `${path}/:key`,
      tag: 'machines',
      access: 'read',
      summary: 'One value of the metadata',
      replies: { 200: { description: 'the value', schema: metadataValue }, ...none },
      handle(context, { params }) {
        const found = find(context, params)
        const metadata = metadataOf(found)
        if (!Object.hasOwn(metadata, params.key)) throw fault('metadata_not_found', { id: found.id, key: params.key })
        return json({ value: metadata[params.key] })
      },
    }),
    route({
      method: 'POST',
      path: `${path}/:key`,
      tag: 'machines',
      access: 'deploy',
      summary: 'Set one value of the metadata',
      body: metadataValue,
      replies: written,
      async handle(context, { params, body }) {
        await orders.setMetadata(find(context, params), { [params.key]: body.value === '' ? null : body.value }, guardOf(context))
        return empty(204)
      },
    }),
    route({
      method: 'DELETE',
      path: `${path}/:key`,
      tag: 'machines',
      access: 'deploy',
      summary: 'Remove one key of the metadata',
      replies: written,
      async handle(context, { params }) {
        await orders.setMetadata(find(context, params), { [params.key]: null }, guardOf(context))
        return empty(204)
      },
    }),
  ]
}
