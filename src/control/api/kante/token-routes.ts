import { fault } from '../../../model/fault/fault.ts'
import type { TokenRecord } from '../../../model/token.ts'
import { createdToken, deployTokenReply, deployTokenRequest, tokenList, tokenRequest, type TokenView } from '../../../protocol/access-api.ts'
import { faultReply } from '../../../protocol/machines-api.ts'
import type { TokenStore } from '../../tokens/token-store.ts'
import { empty, json, route, type Route } from '../route.ts'

/** Tokens are shown once, when they are made. */
export function tokenRoutes(tokens: TokenStore, now: () => number): readonly Route[] {
  const view = (token: TokenRecord): TokenView => ({
    id: token.id,
    name: token.name,
    kind: token.kind,
    org: token.org,
    ...(token.app === undefined ? {} : { app: token.app.name }),
    createdBy: token.createdBy,
    createdAt: token.createdAt,
    expiresAt: token.expiresAt,
    isExpired: Date.parse(token.expiresAt) <= now(),
  })
  return [
    route({
      method: 'GET',
      path: '/v1/kante/tokens',
      tag: 'kante',
      access: 'manage',
      summary: 'List the tokens that were handed out; never the tokens themselves',
      replies: { 200: { description: 'the tokens', schema: tokenList } },
      handle: ({ scope }) => json({ tokens: tokens.list(scope).map(view) }),
    }),
    route({
      method: 'POST',
      path: '/v1/kante/tokens',
      tag: 'kante',
      access: 'manage',
      summary: 'Make a token: for one app, for an org, or to read only',
      body: tokenRequest,
      replies: { 201: { description: 'the token, this once', schema: createdToken }, 404: { description: 'no such app or org', schema: faultReply } },
      async handle({ scope, caller }, { body }) {
        const { kind, name, expiry } = body
        if ((kind === 'deploy') !== (body.app !== undefined))
          throw fault('invalid_body', { problems: [kind === 'deploy' ? 'app: a deploy token is for one app' : `app: not with kind ${kind}`] })
        const app = body.app === undefined ? undefined : scope.app(body.app)
        const org = app?.org ?? scope.inOrg(body.org).org
        const { text, record } = await tokens.issue({ kind, name, org, app, expiry, createdBy: caller.tokenId })
        return json({ ...view(record), token: text }, 201)
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/kante/tokens/:id',
      tag: 'kante',
      access: 'manage',
      summary: 'Revoke a token, by its id or the first digits of it: from now on it is not known',
      replies: { 204: { description: 'revoked' }, 404: { description: 'no such token', schema: faultReply } },
      async handle({ scope }, { params }) {
        await tokens.revoke(scope, params.id)
        return empty(204)
      },
    }),
    route({
      method: 'POST',
      path: '/v1/apps/:app/deploy_token',
      tag: 'apps',
      access: 'manage',
      summary: 'Make a deploy token, as Fly.io’s API does',
      body: deployTokenRequest,
      isBodyOptional: true,
      replies: { 200: { description: 'the token, this once', schema: deployTokenReply } },
      async handle({ scope, caller }, { params, body }) {
        const app = scope.app(params.app)
        const wish = { kind: 'deploy', name: undefined, org: app.org, app, expiry: body.expiry, createdBy: caller.tokenId } as const
        return json({ token: (await tokens.issue(wish)).text })
      },
    }),
  ]
}
