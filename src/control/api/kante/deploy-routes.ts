import { z } from 'zod'
import { fault } from '../../../model/fault/fault.ts'
import { parseDigest } from '../../../model/ids.ts'
import {
  deployEvent,
  deployRequest,
  deployStatus,
  rollbackRequest,
  scaleReply,
  scaleRequest,
  type DeployRequest,
} from '../../../protocol/kante-api.ts'
import { faultReply, machineConfig } from '../../../protocol/machines-api.ts'
import type { Deploys } from '../../deploy/open-deploys.ts'
import { scaleApp, type ScaleDeps } from '../../scale/scale-app.ts'
import { checkConfig } from '../machines/machine-input.ts'
import { problemsOf } from '../read-body.ts'
import { json, ndjson, route, type ApiContext, type Route } from '../route.ts'
import { deployStatusOf } from './deploy-json.ts'

const running = { 409: { description: 'another deploy or scaling runs', schema: faultReply } } as const

/** Deploys and scaling: orchestrated here, so that a client that goes away changes nothing. */
export const deployRoutes = (deploys: Deploys, scale: ScaleDeps): readonly Route[] => [
  route({
    method: 'POST',
    path: '/v1/kante/apps/:app/deploys',
    tag: 'kante',
    access: 'deploy',
    summary: 'Deploy an image: begins it and answers at once',
    body: deployRequest,
    isExact: true,
    replies: { 202: { description: 'it has begun', schema: deployStatus }, ...running },
    async handle(context, { params, body }) {
      const app = context.scope.app(params.app)
      // As it was sent, so that configs keep their order; the schema’s defaults are filled in here.
      const { ha, strategy, waitTimeoutMs, maxUnavailable, maxConcurrent, smokeChecks } = deployRequest.parse(body)
      const request: DeployRequest = { ...body, ha, strategy, waitTimeoutMs, maxUnavailable, maxConcurrent, smokeChecks }
      checkGroups(context, request)
      return json(deployStatusOf(await deploys.start(context.scope, app, request, context.caller)), 202)
    },
  }),
  route({
    method: 'POST',
    path: '/v1/kante/apps/:app/deploys/:id/cancel',
    tag: 'kante',
    access: 'deploy',
    summary: 'Call off a deploy that has not touched a machine of the app yet',
    replies: { 200: { description: 'it is called off', schema: deployStatus }, 409: { description: 'it has begun', schema: faultReply } },
    handle: ({ scope, caller }, { params }) => json(deployStatusOf(deploys.cancel(scope, scope.app(params.app), params.id, caller))),
  }),
  route({
    method: 'POST',
    path: '/v1/kante/apps/:app/rollback',
    tag: 'kante',
    access: 'deploy',
    summary: 'Deploy what an earlier release was made of, as a release of its own',
    body: rollbackRequest,
    isBodyOptional: true,
    replies: { 202: { description: 'it has begun', schema: deployStatus }, ...running },
    async handle({ scope, caller }, { params, body }) {
      return json(deployStatusOf(await deploys.rollback(scope, scope.app(params.app), body, caller)), 202)
    },
  }),
  route({
    method: 'GET',
    path: '/v1/kante/apps/:app/deploys/:id',
    tag: 'kante',
    access: 'read',
    summary: 'How far a deploy is',
    replies: { 200: { description: 'the deploy', schema: deployStatus }, 404: { description: 'no such deploy', schema: faultReply } },
    handle: ({ scope }, { params }) => json(deployStatusOf(scope.deploy(scope.app(params.app), params.id))),
  }),
  route({
    method: 'GET',
    path: '/v1/kante/apps/:app/deploys/:id/events',
    tag: 'kante',
    access: 'read',
    summary: 'The events of a deploy after a number, until it ends',
    query: z.object({ after: z.coerce.number().int().min(0).default(0) }),
    replies: { 200: { description: 'events', schema: deployEvent, type: 'application/x-ndjson' } },
    handle(context, { params, query }) {
      const app = context.scope.app(params.app)
      const { id } = context.scope.deploy(app, params.id)
      return ndjson(deploys.follow(context.scope, app, id, query.after, context.signal))
    },
  }),
  route({
    method: 'POST',
    path: '/v1/kante/apps/:app/scale',
    tag: 'kante',
    access: 'deploy',
    summary: 'Bring a process group to a number of machines over regions',
    body: scaleRequest,
    replies: { 200: { description: 'what was made and ended', schema: scaleReply }, ...running },
    handle: async (context, { params, body }) => json(await scaleApp(scale, context.scope, context.scope.app(params.app), body, context.caller)),
  }),
]

function checkGroups(context: ApiContext, request: DeployRequest): void {
  if (Object.keys(request.groups).length === 0) throw fault('invalid_body', { problems: ['groups: at least one process group'] })
  if (request.image.startsWith('bundle@')) context.scope.bundle(parseDigest(request.image.slice('bundle@'.length)))
  const passing = Object.entries(request.machineChecks ?? {}).flatMap(([group, checks]) =>
    checks.map((check) => [`machineChecks.${group}`, check] as const),
  )
  for (const [name, sent] of [...passing, ...(request.releaseCommand ? [['releaseCommand', request.releaseCommand.config] as const] : [])]) {
    const parsed = machineConfig.safeParse({ image: request.image, ...sent })
    if (!parsed.success) throw fault('invalid_body', { problems: problemsOf(parsed.error).map((problem) => `${name}.${problem}`) })
    checkConfig({ image: request.image, ...sent })
  }
  for (const [group, sent] of Object.entries(request.groups)) {
    const config = { ...sent, image: request.image }
    const parsed = machineConfig.safeParse(config)
    if (!parsed.success) throw fault('invalid_body', { problems: problemsOf(parsed.error).map((problem) => `groups.${group}.${problem}`) })
    const checked = checkConfig(config)
    if ((checked.mounts?.length ?? 0) > 0) {
      throw fault('unsupported_by_runtime', {
        what: `a deploy with mounts (group ${group})`,
        runtime: 'process',
        fix: 'use a platform with `--runtime container`, or remove [mounts] from fly.toml',
      })
    }
  }
}
