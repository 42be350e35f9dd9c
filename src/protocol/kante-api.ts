import { z } from 'zod'
import { app, machine } from './machines-api.ts'

/**
 * `/v1/kante/…`: what Machines REST lacks. Paths:
 *   GET  /v1/kante/platform                         PlatformStatus
 *   GET  /v1/kante/whoami                           Whoami
 *   HEAD /v1/kante/layers/:digest                   200 or 404
 *   PUT  /v1/kante/layers/:digest                   tar.gz bytes; 201
 *   POST /v1/kante/apps/:app/bundles                BundleRequest → NDJSON BundleEvent, the last one `done` or `failed`
 *   POST /v1/kante/apps/:app/deploys                DeployRequest → 202 DeployStatus; 409 deploy_running
 *   GET  /v1/kante/apps/:app/deploys/:id            DeployStatus
 *   GET  /v1/kante/apps/:app/deploys/:id/events?after=N   NDJSON DeployEvent from N on, ends with the deploy
 *   POST /v1/kante/apps/:app/deploys/:id/cancel     DeployStatus; 409 deploy_begun
 *   GET  /v1/kante/apps/:app/releases               { releases: Release[] }, newest first
 *   POST /v1/kante/apps/:app/rollback               RollbackRequest → 202 DeployStatus; 409 deploy_running
 *   POST /v1/kante/apps/:app/scale                  ScaleRequest → ScaleReply
 *   POST /v1/kante/apps/:app/resize                 ResizeRequest → ResizeReply
 *   GET  /v1/kante/apps/:app/regions                RegionPool
 *   POST /v1/kante/apps/:app/regions                RegionsRequest → RegionsReply
 *   GET  /v1/kante/apps/:app/autoscale              Autoscale
 *   PUT  /v1/kante/apps/:app/autoscale              AutoscaleRequest → AutoscaleReply
 *   DELETE /v1/kante/apps/:app/autoscale?group=     Autoscale
 *   GET  /v1/kante/apps/:app/status                 AppStatus
 *   GET  /v1/kante/apps/:app/logs?machine=&after=&limit=&follow=1   NDJSON LogLine
 *   GET  /v1/kante/backup                           the backup file as a stream
 */
export const bundleRequest = z.object({
  source: z.string(),
  /** What installs the dependencies: decided by the client from the project's files, done by the platform, reused by `key`. */
  dependencies: z
    .object({
      kind: z.enum(['npm', 'pnpm', 'yarn', 'bun', 'pip', 'none']),
      /** sha256 over the lockfile and everything else that decides the result. */
      key: z.string(),
      /** The files of the source that the installation needs, such as package.json. */
      files: z.array(z.string()),
    })
    .optional(),
  start: z.union([
    z.object({ kind: z.literal('command'), argv: z.array(z.string()).min(1) }),
    z.object({ kind: z.literal('static'), root: z.string() }),
  ]),
  env: z.record(z.string(), z.string()).default({}),
})
export type BundleRequest = z.infer<typeof bundleRequest>
export const bundleEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), message: z.string() }),
  z.object({ type: z.literal('done'), image: z.string(), digest: z.string() }),
  z.object({ type: z.literal('failed'), status: z.string(), error: z.string(), output: z.string() }),
])
export type BundleEvent = z.infer<typeof bundleEvent>

export const deployRequest = z.object({
  image: z.string().min(1),
  /** Machine config per process group, without image. */
  groups: z.record(z.string(), z.looseObject({})),
  /** fly.toml as JSON, kept with the release. */
  definition: z.unknown().optional(),
  primaryRegion: z.string().optional(),
  /** Two machines per group with services at the first deploy. */
  ha: z.boolean().default(true),
  strategy: z.enum(['rolling', 'immediate', 'canary', 'bluegreen']).default('rolling'),
  waitTimeoutMs: z.number().int().min(1000).max(3_600_000).default(300_000),
  /** From 1 on a number of machines, below a share of a group's running ones. */
  maxUnavailable: z.number().min(0).max(1000).default(0.33),
  /** Machines under way at once, where the strategy sets no smaller number. */
  maxConcurrent: z.number().int().min(1).max(64).default(8),
  /** Whether a machine without checks must stay up for a moment. */
  smokeChecks: z.boolean().default(true),
  /** Runs to its end, with exit code 0, before any machine is touched: a machine config without image. `timeoutMs` 0: without limit. */
  releaseCommand: z.object({ config: z.looseObject({}), timeoutMs: z.number().int().min(0).max(86_400_000) }).optional(),
  /** Per process group: configs of machines that test one machine and must end with 0; without image it is the release's. */
  machineChecks: z.record(z.string(), z.array(z.looseObject({})).max(8)).optional(),
  /** Which machines it is for; what is missing excludes nothing. */
  only: z
    .object({
      regions: z.array(z.string()).optional(),
      excludeRegions: z.array(z.string()).optional(),
      machines: z.array(z.string()).optional(),
      excludeMachines: z.array(z.string()).optional(),
      groups: z.array(z.string()).optional(),
      /** No machine is made, none is destroyed. */
      updateOnly: z.boolean().optional(),
    })
    .optional(),
})
export type DeployRequest = z.infer<typeof deployRequest>
export const deployEvent = z.object({
  seq: z.number().int(),
  at: z.string(),
  kind: z.enum(['plan', 'step', 'machine', 'check', 'log', 'done', 'failed']),
  message: z.string(),
  machine: z.string().optional(),
})
export type DeployEvent = z.infer<typeof deployEvent>
export const deployStatus = z.object({
  id: z.string(),
  app: z.string(),
  version: z.number().int(),
  status: z.enum(['pending', 'running', 'complete', 'failed']),
  image: z.string(),
  strategy: z.string().optional(),
  error: z.string().optional(),
  /** It was called off before it touched a machine; its status is `failed`. */
  cancelled: z.boolean().optional(),
  startedAt: z.string(),
  endedAt: z.string().optional(),
})
export type DeployStatus = z.infer<typeof deployStatus>

/** A size by name, or parts of one; what is not named stays, or comes with the size. */
export const vmChange = z.object({
  /** `shared-cpu-2x` */
  size: z.string().max(64).optional(),
  memoryMb: z.number().int().min(1).max(1_048_576).optional(),
  cpus: z.number().int().min(1).max(1024).optional(),
  cpuKind: z.enum(['shared', 'performance']).optional(),
})
export type VmChange = z.infer<typeof vmChange>
const group = z.string().min(1).max(63).default('app')
const placedMachine = z.object({ id: z.string(), region: z.string() })

/** Exactly one of `count` and `change`. */
export const rollbackRequest = z.object({
  /** The release to go back to; without it the complete one before the one that is live. */
  version: z.number().int().min(1).optional(),
  strategy: z.enum(['rolling', 'immediate', 'canary', 'bluegreen']).optional(),
})
export type RollbackRequest = z.infer<typeof rollbackRequest>

export const scaleRequest = z.object({
  group,
  /** The total over the regions considered. */
  count: z.number().int().min(0).max(1000).optional(),
  /** Added to what there is in the regions considered. */
  change: z.number().int().min(-1000).max(1000).optional(),
  regions: z.array(z.string()).max(64).optional(),
  maxPerRegion: z.number().int().min(0).optional(),
  /** The size of new machines of a group that has none. */
  vm: vmChange.optional(),
})
export type ScaleRequest = z.infer<typeof scaleRequest>
export const scaleReply = z.object({
  created: z.array(placedMachine),
  destroyed: z.array(placedMachine),
  counts: z.record(z.string(), z.number()),
})
export type ScaleReply = z.infer<typeof scaleReply>

export const resizeRequest = z.object({ group, vm: vmChange })
export type ResizeRequest = z.infer<typeof resizeRequest>
export const resizeReply = z.object({
  group: z.string(),
  guest: z.looseObject({ cpu_kind: z.string(), cpus: z.number().int(), memory_mb: z.number().int() }),
  /** Those that were changed; a machine that has the size already is left alone. */
  machines: z.array(placedMachine),
})
export type ResizeReply = z.infer<typeof resizeReply>

export const regionPool = z.object({
  /** False: nobody has set a pool; then it is the regions where the app has machines, else its primary region. */
  isSet: z.boolean(),
  regions: z.array(z.object({ code: z.string(), name: z.string(), machines: z.number().int() })),
  backup: z.array(z.string()),
})
export type RegionPool = z.infer<typeof regionPool>
export const regionsRequest = z.object({
  action: z.enum(['add', 'remove', 'set', 'backup']),
  /** Only `backup` may name none. */
  regions: z.array(z.string().max(16)).max(64),
})
export type RegionsRequest = z.infer<typeof regionsRequest>
export const regionsReply = z.object({ pool: regionPool, created: z.array(placedMachine), destroyed: z.array(placedMachine) })
export type RegionsReply = z.infer<typeof regionsReply>

export const autoscale = z.object({
  policies: z.array(
    z.object({
      group: z.string(),
      mode: z.enum(['balanced', 'standard']),
      min: z.number().int(),
      max: z.number().int(),
      /** Those that exist, running or not. */
      machines: z.number().int(),
    }),
  ),
})
export type Autoscale = z.infer<typeof autoscale>
/** What is not given stays as it is; the first time `max` has to be given. */
export const autoscaleRequest = z.object({
  group,
  mode: z.enum(['balanced', 'standard']).optional(),
  /** Autostop may stop all that exist; one has to exist, or there is nothing to wake. */
  min: z.number().int().min(1).max(1000).optional(),
  max: z.number().int().min(1).max(1000).optional(),
})
export type AutoscaleRequest = z.infer<typeof autoscaleRequest>
export const autoscaleReply = z.object({ ...autoscale.shape, created: z.array(placedMachine), destroyed: z.array(placedMachine) })
export type AutoscaleReply = z.infer<typeof autoscaleReply>

export const platformStatus = z.object({
  version: z.string(),
  startedAt: z.string(),
  pid: z.number().int(),
  home: z.string(),
  domain: z.string(),
  apiAddress: z.string(),
  store: z.string(),
  regions: z.array(
    z.object({
      code: z.string(),
      name: z.string(),
      host: z.string(),
      runtime: z.string(),
      /** `http://localhost:8080`, without a trailing slash. */
      edgeUrl: z.string(),
      edge: z.enum(['ok', 'down']),
      status: z.enum(['ok', 'unreachable']),
      machines: z.number().int(),
      started: z.number().int(),
    }),
  ),
})
export type PlatformStatus = z.infer<typeof platformStatus>

export const whoami = z.object({
  token: z.string(),
  org: z.string(),
  kind: z.string(),
  name: z.string().optional(),
  /** Of a deploy token. */
  app: z.string().optional(),
  expiresAt: z.string().optional(),
})
export type Whoami = z.infer<typeof whoami>
export const release = z.looseObject({
  id: z.string(),
  app: z.string(),
  version: z.number().int(),
  image: z.string(),
  status: z.enum(['pending', 'running', 'complete', 'failed', 'interrupted']),
  strategy: z.string(),
  createdBy: z.string(),
  createdAt: z.string(),
})
export const releaseList = z.object({ releases: z.array(release) })
export const appStatus = z.object({
  app,
  /** `<app>.<domain>` */
  hostname: z.string(),
  /** Where clients reach the app: one URL per region with an edge, without a trailing slash. */
  urls: z.array(z.object({ region: z.string(), url: z.string() })),
  primaryRegion: z.string().optional(),
  /** The newest one that completed. */
  release: release.optional(),
  /** A deploy that runs now. */
  deploy: deployStatus.optional(),
  machines: z.array(machine),
})
export type AppStatus = z.infer<typeof appStatus>
