import { fault } from '../../../model/fault/fault.ts'
import type { App } from '../../../model/app.ts'
import { parseSecretName } from '../../../model/secret.ts'
import { deployStatus } from '../../../protocol/kante-api.ts'
import { faultReply } from '../../../protocol/machines-api.ts'
import {
  secretList,
  secretReply,
  secretRequest,
  secretsQuery,
  secretsReply,
  secretsRequest,
  secretView,
  type SecretView,
} from '../../../protocol/secrets-api.ts'
import type { Deploys } from '../../deploy/open-deploys.ts'
import type { AppSecrets } from '../../secrets/app-secrets.ts'
import { deploySecrets } from '../../secrets/deploy-secrets.ts'
import { secretViews } from '../../secrets/secret-views.ts'
import { deployStatusOf } from '../kante/deploy-json.ts'
import { json, route, type ApiContext, type Route } from '../route.ts'

const secretsPath = '/v1/apps/:app/secrets'
const secretPath = '/v1/apps/:app/secrets/:name'
const noSecret = { 404: { description: 'no such secret', schema: faultReply } } as const

/** flyctl-contract §3.5. Values go in and never come out. */
export function secretRoutes(secrets: AppSecrets, deploys: Deploys): readonly Route[] {
  const one = (context: ApiContext, app: App, name: string): SecretView => {
    const found = secretViews(secrets, context.scope, app).find((secret) => secret.name === name)
    if (found === undefined) throw fault('secret_not_found', { app: app.name, name: name.slice(0, 128) })
    return found
  }
  const atLeast = (app: App, query: { readonly min_version?: number | undefined; readonly version?: number | undefined }) => {
    const wanted = query.min_version ?? query.version ?? 0
    const version = secrets.version(app.name)
    if (version < wanted) throw fault('secrets_behind', { app: app.name, version, wanted })
    return version
  }
  return [
    route({
      method: 'GET',
      path: secretsPath,
      tag: 'apps',
      access: 'read',
      summary: 'List the secrets of an app: names and digests',
      query: secretsQuery,
      replies: { 200: { description: 'the secrets', schema: secretList } },
      handle({ scope }, { params, query }) {
        const app = scope.app(params.app)
        const version = atLeast(app, query)
        return json({ secrets: secretViews(secrets, scope, app), version })
      },
    }),
    route({
      method: 'POST',
      path: secretsPath,
      tag: 'apps',
      access: 'deploy',
      summary: 'Set and unset secrets; machines get them with the next release',
      body: secretsRequest,
      replies: { 200: { description: 'the secrets', schema: secretsReply } },
      async handle({ scope }, { params, body }) {
        const app = scope.app(params.app)
        const { version, changed } = await secrets.change(app, body.values)
        return json({ secrets: secretViews(secrets, scope, app), version, Version: version, changed })
      },
    }),
    route({
      method: 'GET',
      path: secretPath,
      tag: 'apps',
      access: 'read',
      summary: 'Show a secret: its digest',
      query: secretsQuery,
      replies: { 200: { description: 'the secret', schema: secretView }, ...noSecret },
      handle(context, { params, query }) {
        const app = context.scope.app(params.app)
        atLeast(app, query)
        return json(one(context, app, params.name))
      },
    }),
    ...(['POST', 'PUT'] as const).map((method) =>
      route({
        method,
        path: secretPath,
        tag: 'apps',
        access: 'deploy',
        summary: 'Set a secret',
        body: secretRequest,
        replies: { 201: { description: 'the secret', schema: secretReply } },
        async handle(context, { params, body }) {
          const app = context.scope.app(params.app)
          const { version } = await secrets.change(app, { [parseSecretName(params.name)]: body.value })
          return json({ ...one(context, app, params.name), version, Version: version }, 201)
        },
      }),
    ),
    route({
      method: 'DELETE',
      path: secretPath,
      tag: 'apps',
      access: 'deploy',
      summary: 'Unset a secret',
      replies: { 200: { description: 'it is unset', schema: secretsReply.pick({ version: true, Version: true }) }, ...noSecret },
      async handle(context, { params }) {
        const app = context.scope.app(params.app)
        one(context, app, params.name)
        const { version } = await secrets.change(app, { [params.name]: null })
        return json({ version, Version: version })
      },
    }),
    route({
      method: 'POST',
      path: '/v1/kante/apps/:app/secrets/deploy',
      tag: 'kante',
      access: 'deploy',
      summary: 'Begin a release that gives the machines the secrets of now',
      replies: {
        202: { description: 'it has begun', schema: deployStatus },
        409: { description: 'another deploy or scaling runs', schema: faultReply },
      },
      handle: async ({ scope, caller }, { params }) => json(deployStatusOf(await deploySecrets(deploys, scope, scope.app(params.app), caller)), 202),
    }),
  ]
}
