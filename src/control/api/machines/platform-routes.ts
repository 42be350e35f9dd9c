import { z } from 'zod'
import { geoRegionOf } from '../../../model/placement/region-preference.ts'
import { currentTokens, faultReply, placementReply, placementRequest, regionList } from '../../../protocol/machines-api.ts'
import { json, route, type Route } from '../route.ts'
import type { MachineServices } from '../services.ts'

/** How many machines a host is said to have room for: with the process runtime nothing counts memory, so it is only a figure for clients. */
const nominalCapacity = 1000

/** flyctl-contract §3.7. */
export function platformRoutes({ platform }: MachineServices): readonly Route[] {
  const capacityOf = (region: string) =>
    platform
      .hosts()
      .filter((host) => host.region.code === region && platform.isReachable(host.id))
      .reduce((sum, host) => sum + Math.max(0, nominalCapacity - platform.machineCount(host.id)), 0)
  return [
    route({
      method: 'GET',
      path: '/v1/platform/regions',
      tag: 'platform',
      access: 'read',
      summary: 'The regions with a host',
      replies: { 200: { description: 'the regions', schema: regionList } },
      handle: () => {
        const regions = platform.regions()
        return json({
          Regions: regions.map((region) => ({
            code: region.code,
            name: region.name,
            latitude: region.latitude,
            longitude: region.longitude,
            gateway_available: false,
            requires_paid_plan: false,
            deprecated: false,
            capacity: capacityOf(region.code),
            geo_region: geoRegionOf(region),
            mpg_available: false,
          })),
          Nearest: regions[0]?.code ?? '',
        })
      },
    }),
    route({
      method: 'POST',
      path: '/v1/platform/placements',
      tag: 'platform',
      access: 'deploy',
      summary: 'Where machines would be placed; nothing is reserved',
      body: placementRequest,
      isBodyOptional: true,
      replies: { 200: { description: 'machines per region', schema: placementReply }, 404: { description: 'no such org', schema: faultReply } },
      handle(context, { body }) {
        context.scope.inOrg(body.org_slug)
        const regions = platform.wanted(body.region || 'any', undefined)
        const counts = new Map<string, number>()
        for (let at = 0; at < (body.count ?? 1); at++) {
          const region = regions[at % regions.length]!
          counts.set(region, (counts.get(region) ?? 0) + 1)
        }
        return json({ regions: [...counts].map(([region, count]) => ({ region, count, concurrency: count })) })
      },
    }),
    route({
      method: 'GET',
      path: '/v1/tokens/current',
      tag: 'platform',
      access: 'read',
      summary: 'What the token of this request is',
      query: z.object({}),
      replies: { 200: { description: 'the token', schema: currentTokens } },
      handle: ({ caller, scope }) =>
        json({
          tokens: scope.orgs().map((org) => ({
            token_id: caller.tokenId,
            organization: org.name,
            org_slug: org.slug,
            apps: caller.app === undefined ? null : [caller.app.name],
            user: caller.name ?? null,
            restricted_to_machine: null,
            source_machine_id: null,
          })),
        }),
    }),
  ]
}
