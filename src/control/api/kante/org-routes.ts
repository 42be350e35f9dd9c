import type { Org } from '../../../model/app.ts'
import { fault } from '../../../model/fault/fault.ts'
import { orgList, orgRequest, orgView, rotatedKeys, type OrgView } from '../../../protocol/access-api.ts'
import { faultReply } from '../../../protocol/machines-api.ts'
import type { OrgStore } from '../../orgs/org-store.ts'
import type { Keyring } from '../../secrets/keyring.ts'
import { defaultOrg } from '../../seed-platform.ts'
import { empty, json, route, type ApiContext, type Route } from '../route.ts'

const noOrg = { 404: { description: 'no such org', schema: faultReply } } as const

/** Orgs, and the keys that their data is under. */
export function orgRoutes(orgs: OrgStore, keyring: Pick<Keyring, 'rotate'>): readonly Route[] {
  const view = ({ scope }: ApiContext, org: Org): OrgView => ({
    slug: org.slug,
    name: org.name,
    createdAt: org.createdAt,
    apps: scope.inOrg(org.slug).apps().length,
  })
  const find = ({ scope }: ApiContext, slug: string): Org => {
    const found = scope.orgs().find((org) => org.slug === slug)
    if (found === undefined) throw fault('org_not_found', { org: slug.slice(0, 63) })
    return found
  }
  return [
    route({
      method: 'GET',
      path: '/v1/kante/orgs',
      tag: 'kante',
      access: 'read',
      summary: 'List the orgs that the token reaches',
      replies: { 200: { description: 'the orgs', schema: orgList } },
      handle: (context) => json({ orgs: context.scope.orgs().map((org) => view(context, org)) }),
    }),
    route({
      method: 'POST',
      path: '/v1/kante/orgs',
      tag: 'kante',
      access: 'operate',
      summary: 'Make an org',
      body: orgRequest,
      replies: { 201: { description: 'the org', schema: orgView }, 409: { description: 'there is one', schema: faultReply } },
      handle: async (context, { body }) => json(view(context, await orgs.create(body.name, body.slug)), 201),
    }),
    route({
      method: 'GET',
      path: '/v1/kante/orgs/:org',
      tag: 'kante',
      access: 'read',
      summary: 'Show an org',
      replies: { 200: { description: 'the org', schema: orgView }, ...noOrg },
      handle: (context, { params }) => json(view(context, find(context, params.org))),
    }),
    route({
      method: 'DELETE',
      path: '/v1/kante/orgs/:org',
      tag: 'kante',
      access: 'operate',
      summary: 'Delete an org that has no apps, with its tokens and its key',
      replies: { 204: { description: 'deleted' }, 412: { description: 'it has apps', schema: faultReply }, ...noOrg },
      async handle(context, { params }) {
        const { slug } = find(context, params.org)
        if (slug === defaultOrg) throw fault('forbidden', { what: `delete ${slug}, the org of the platform’s own token` })
        await orgs.remove(slug)
        return empty(204)
      },
    }),
    route({
      method: 'POST',
      path: '/v1/kante/keys/rotate',
      tag: 'kante',
      access: 'operate',
      summary: 'Replace the master key: every org’s key is wrapped anew, values stay as they are',
      replies: {
        200: { description: 'it is replaced', schema: rotatedKeys },
        412: { description: 'the key comes from elsewhere', schema: faultReply },
      },
      handle: async () => json(await keyring.rotate()),
    }),
  ]
}
