import { z } from 'zod'
import { fault } from '../../../model/fault/fault.ts'
import type { LeaseNonce } from '../../../model/ids.ts'
import type { MachineLease } from '../../../model/machine/machine-record.ts'
import { faultReply, leaseReply, leaseRequest } from '../../../protocol/machines-api.ts'
import { json, route, type ApiContext, type Route } from '../route.ts'
import type { MachineServices } from '../services.ts'
import { nonceHeader } from './machine-input.ts'
import { leaseOf } from './machine-json.ts'
import { live } from './machine-routes.ts'

const path = '/v1/apps/:app/machines/:id/lease'
const none = { 404: { description: 'no such machine, or it has no lease', schema: faultReply } } as const
const defaultTtlS = 30

/** A machine's lease keeps others from changing it (flyctl-contract §3.3). */
export function leaseRoutes({ orders }: MachineServices): readonly Route[] {
  const find = (context: ApiContext, params: { readonly app: string; readonly id: string }) =>
    live(context.scope.machine(context.scope.app(params.app), params.id))
  const reply = (lease: MachineLease, status = 200) => json({ status: 'success', data: leaseOf(lease) }, status)
  return [
    route({
      method: 'GET',
      path,
      tag: 'machines',
      access: 'read',
      summary: 'The lease of a machine',
      replies: { 200: { description: 'the lease', schema: leaseReply }, ...none },
      async handle(context, { params }) {
        const found = find(context, params)
        return reply(await orders.host(found.host).getLease(found.id))
      },
    }),
    route({
      method: 'POST',
      path,
      tag: 'machines',
      access: 'deploy',
      summary: 'Take the lease of a machine, or with its nonce refresh it; `ttl` in seconds, in the query or the body',
      query: z.object({ ttl: z.coerce.number().int().min(1).max(86_400).optional() }),
      body: leaseRequest,
      isBodyOptional: true,
      replies: { 201: { description: 'the lease', schema: leaseReply }, 409: { description: 'held by another', schema: faultReply }, ...none },
      async handle(context, { params, query, body }) {
        const found = find(context, params)
        const nonce = context.header(nonceHeader)
        const lease = await orders.host(found.host).acquireLease(found.id, {
          ttlMs: (query.ttl ?? body.ttl ?? defaultTtlS) * 1000,
          owner: context.caller.tokenId,
          description: body.description ?? '',
          ...(nonce ? { nonce: nonce as LeaseNonce } : {}),
        })
        return reply(lease, 201)
      },
    }),
    route({
      method: 'DELETE',
      path,
      tag: 'machines',
      access: 'deploy',
      summary: 'Give a lease back; needs its nonce',
      replies: {
        200: { description: 'given back', schema: z.object({ status: z.literal('success'), data: z.object({ ok: z.boolean() }) }) },
        ...none,
      },
      async handle(context, { params }) {
        const found = find(context, params)
        const nonce = context.header(nonceHeader)
        if (!nonce) throw fault('invalid_value', { field: nonceHeader, found: '', rule: 'the nonce of the lease' })
        await orders.host(found.host).releaseLease(found.id, nonce as LeaseNonce)
        return json({ status: 'success', data: { ok: true } })
      },
    }),
  ]
}
