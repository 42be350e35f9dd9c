import { z } from 'zod'
import {
  autoscale,
  autoscaleReply,
  autoscaleRequest,
  regionPool,
  regionsReply,
  regionsRequest,
  resizeReply,
  resizeRequest,
} from '../../../protocol/kante-api.ts'
import { faultReply } from '../../../protocol/machines-api.ts'
import { disableAutoscale, setAutoscale, showAutoscale } from '../../autoscale/set-autoscale.ts'
import { changeRegions, showRegions } from '../../regions/change-regions.ts'
import { resizeGroup } from '../../scale/resize-group.ts'
import type { ScaleDeps } from '../../scale/scale-app.ts'
import { json, route, type Route } from '../route.ts'

const running = { 409: { description: 'a deploy or another scaling runs', schema: faultReply } } as const
const regionsPath = '/v1/kante/apps/:app/regions'
const autoscalePath = '/v1/kante/apps/:app/autoscale'

/** Sizes, the region pool and autoscale of an app (docs/adr/0019, 0020). */
export const scaleRoutes = (scale: ScaleDeps): readonly Route[] => [
  route({
    method: 'POST',
    path: '/v1/kante/apps/:app/resize',
    access: 'deploy',
    tag: 'kante',
    summary: 'Give the machines of a process group another size, one after the other',
    body: resizeRequest,
    replies: { 200: { description: 'what was changed', schema: resizeReply }, ...running },
    handle: async ({ scope, caller }, { params, body }) => json(await resizeGroup(scale, scope, scope.app(params.app), body, caller)),
  }),
  route({
    method: 'GET',
    path: regionsPath,
    access: 'read',
    tag: 'kante',
    summary: 'The region pool of an app',
    replies: { 200: { description: 'the pool', schema: regionPool } },
    handle: ({ scope }, { params }) => json(showRegions(scale, scope, scope.app(params.app))),
  }),
  route({
    method: 'POST',
    path: regionsPath,
    access: 'deploy',
    tag: 'kante',
    summary: 'Change the region pool of an app and spread its machines over it',
    body: regionsRequest,
    replies: { 200: { description: 'the pool, and what moved', schema: regionsReply }, ...running },
    handle: async ({ scope, caller }, { params, body }) => json(await changeRegions(scale, scope, scope.app(params.app), body, caller)),
  }),
  route({
    method: 'GET',
    path: autoscalePath,
    access: 'read',
    tag: 'kante',
    summary: 'The autoscale bounds of an app',
    replies: { 200: { description: 'the bounds per process group', schema: autoscale } },
    handle: ({ scope }, { params }) => json(showAutoscale(scale, scope, scope.app(params.app))),
  }),
  route({
    method: 'PUT',
    path: autoscalePath,
    access: 'deploy',
    tag: 'kante',
    summary: 'Autoscale a process group within bounds; what is not given stays',
    body: autoscaleRequest,
    replies: { 200: { description: 'the bounds, and what was made or ended to keep them', schema: autoscaleReply }, ...running },
    handle: async ({ scope, caller }, { params, body }) => json(await setAutoscale(scale, scope, scope.app(params.app), body, caller)),
  }),
  route({
    method: 'DELETE',
    path: autoscalePath,
    access: 'deploy',
    tag: 'kante',
    summary: 'Stop autoscaling a process group; its machines stay',
    query: z.object({ group: z.string().max(63).default('app') }),
    replies: { 200: { description: 'the bounds that are left', schema: autoscale }, ...running },
    handle: async ({ scope, caller }, { params, query }) => json(await disableAutoscale(scale, scope, scope.app(params.app), query.group, caller)),
  }),
]
