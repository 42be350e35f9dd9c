import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere, writeDurably } from '../../kit/durable-file.ts'
import type { Clock } from '../../kit/clock.ts'
import { keyedQueue } from '../../kit/keyed-queue.ts'
import type { Log } from '../../kit/log.ts'
import type { App, Bundle } from '../../model/app.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import { digestOfHex, parseDigest, type Digest } from '../../model/ids.ts'
import type { BundleEvent, BundleRequest } from '../../protocol/kante-api.ts'
import type { Store } from '../../store/contract.ts'
import { keys } from '../../store/keys.ts'
import { canonicalJson } from './canonical-json.ts'
import { dependencyKey } from './dependency-key.ts'
import type { DependencyInstaller } from './dependency-installer.ts'
import type { LayerStore } from './layer-store.ts'

export interface BundleBuilder {
  /** Ends with `done` or `failed`. What was begun goes on for the next one who asks when this caller leaves. */
  build(app: App, request: BundleRequest, signal: AbortSignal): AsyncIterable<BundleEvent>
}
type BundleLayer = Bundle['layers'][number]

/** Bundles: a source layer, the dependencies installed from it (once per key, docs/adr/0011) and the command. */
export function openBundleBuilder(
  deps: {
    readonly store: Store
    readonly layers: LayerStore
    readonly installer: DependencyInstaller
    readonly settle: (revision: number) => Promise<void>
    readonly clock: Clock
    readonly log: Log
  },
  /** Where it is noted which key has which layer. */
  dir: string,
): BundleBuilder {
  const { layers, installer } = deps
  const installing = keyedQueue()

  async function dependencies(app: App, request: BundleRequest, source: Digest, report: (line: string) => void, signal: AbortSignal) {
    const wanted = request.dependencies
    if (wanted === undefined || wanted.kind === 'none') return undefined
    const { kind, files } = wanted
    const sourceFile = layers.fileOf(source)
    const key = await dependencyKey({ kind, clientKey: wanted.key, fingerprint: installer.fingerprint, org: app.org, sourceFile, files })
    const note = join(dir, `${key}.json`)
    return installing.run(key, async (): Promise<BundleLayer> => {
      const noted = await readIfThere(note)
      const known = noted === undefined ? undefined : parseDigest(String((JSON.parse(noted) as { digest?: unknown }).digest))
      if (known !== undefined && (await layers.has(known))) {
        report('dependencies: unchanged, reused')
        return { digest: known, sizeBytes: await layers.sizeOf(known), role: 'dependencies' }
      }
      report(`dependencies: installing with ${kind}`)
      const startedAt = deps.clock.monotonic()
      const outputFile = layers.temporaryFile()
      try {
        await installer.install({ kind, sourceFile, files, outputFile, report, signal })
        const layer = await layers.adopt(outputFile)
        await writeDurably(note, JSON.stringify({ schema: 1, digest: layer.digest, kind }))
        report(`dependencies: installed in ${((deps.clock.monotonic() - startedAt) / 1000).toFixed(1)} s`)
        return { ...layer, role: 'dependencies' }
      } finally {
        await rm(outputFile, { force: true })
      }
    })
  }

  async function assemble(app: App, request: BundleRequest, report: (line: string) => void, signal: AbortSignal): Promise<Digest> {
    const source = parseDigest(request.source)
    const sizeBytes = await layers.sizeOf(source)
    const installed = await dependencies(app, request, source, report, signal)
    const content = {
      schema: 1,
      app: app.name,
      layers: [{ digest: source, sizeBytes, role: 'source' } as const, ...(installed ? [installed] : [])],
      start: request.start,
      env: request.env,
    } as const
    const digest = digestOfHex(createHash('sha256').update(canonicalJson(content)).digest('hex'))
    const bundle: Bundle = { ...content, digest, createdAt: new Date(deps.clock.now()).toISOString() }
    const key = keys.bundle(digest)
    const written = await deps.store.transact({
      compare: [{ key, target: 'version', is: '=', to: 0 }],
      then: [{ op: 'put', key, value: JSON.stringify(bundle) }],
    })
    await deps.settle(written.revision)
    return digest
  }

  return {
    async *build(app, request, signal) {
      const lines: string[] = []
      let wake = Promise.withResolvers<void>()
      let ended = false
      const report = (line: string) => {
        lines.push(line.slice(0, 4096))
        wake.resolve()
      }
      const result = assemble(app, request, report, signal).then(
        (digest) => ({ digest }),
        (error: unknown) => ({ error }),
      )
      void result.then(() => {
        ended = true
        wake.resolve()
      })
      for (;;) {
        while (lines.length > 0) yield { type: 'progress', message: lines.shift()! }
        if (ended) break
        await wake.promise
        wake = Promise.withResolvers<void>()
      }
      const outcome = await result
      if ('digest' in outcome) yield { type: 'done', image: `bundle@${outcome.digest}`, digest: outcome.digest }
      else yield failure(outcome.error, deps.log)
    },
  }
}

function failure(error: unknown, log: Log): BundleEvent {
  if (!isFault(error)) {
    log.error('bundle failed', { error })
    return { type: 'failed', status: 'internal', error: fault('internal', { requestId: '-' }).message, output: '' }
  }
  const { output } = error.detail as { output?: unknown }
  return { type: 'failed', status: error.code, error: error.message, output: typeof output === 'string' ? output : '' }
}
