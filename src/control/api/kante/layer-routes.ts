import { parseDigest } from '../../../model/ids.ts'
import { bundleEvent, bundleRequest } from '../../../protocol/kante-api.ts'
import { faultReply } from '../../../protocol/machines-api.ts'
import type { BundleBuilder } from '../../bundles/build-bundle.ts'
import type { LayerStore } from '../../bundles/layer-store.ts'
import { fault } from '../../../model/fault/fault.ts'
import { empty, ndjson, route, type Route } from '../route.ts'

/** Layers and the bundles made of them. */
export const layerRoutes = (layers: LayerStore, bundles: BundleBuilder): readonly Route[] => [
  route({
    method: 'HEAD',
    path: '/v1/kante/layers/:digest',
    tag: 'kante',
    access: 'read',
    summary: 'Whether a layer is there already',
    replies: { 200: { description: 'it is' }, 404: { description: 'it is not' } },
    async handle(_context, { params }) {
      const digest = parseDigest(params.digest)
      if (!(await layers.has(digest))) throw fault('layer_not_found', { digest })
      return empty(200)
    },
  }),
  route({
    method: 'PUT',
    path: '/v1/kante/layers/:digest',
    tag: 'kante',
    access: 'deploy',
    summary: 'Send a layer: a tar, compressed by gzip, whose sha256 is the digest; 1 GB at most',
    body: 'stream',
    replies: { 201: { description: 'it is kept' }, 400: { description: 'the bytes have another digest', schema: faultReply } },
    async handle(context, { params }) {
      const digest = parseDigest(params.digest)
      await layers.write(digest, context.body ?? emptyBody())
      return empty(201)
    },
  }),
  route({
    method: 'POST',
    path: '/v1/kante/apps/:app/bundles',
    tag: 'kante',
    access: 'deploy',
    summary: 'Make a bundle of layers: installs the dependencies unless they are there already',
    body: bundleRequest,
    replies: { 200: { description: 'progress, then `done` or `failed`', schema: bundleEvent, type: 'application/x-ndjson' } },
    handle(context, { params, body }) {
      return ndjson(bundles.build(context.scope.app(params.app), body, context.signal))
    },
  }),
]
async function* emptyBody(): AsyncGenerator<Uint8Array> {}
