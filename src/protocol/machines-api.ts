import { z } from 'zod'

/**
 * Fly.io's Machines REST API as Kante serves it (flyctl-contract part 3). Objects are loose: keys that we do not know are kept, and the config of a
 * machine is validated here but stored and answered as it was sent.
 */
const stringMap = z.record(z.string(), z.string())
/** A Go duration such as `10s`, or nanoseconds. */
const wireDuration = z.union([z.string().max(64), z.number()])
const portNumber = z.number().int().min(1).max(65_535)

export const checkConfig = z.looseObject({
  type: z.string().optional(),
  port: portNumber.optional(),
  interval: wireDuration.optional(),
  timeout: wireDuration.optional(),
  grace_period: wireDuration.optional(),
  method: z.string().max(16).optional(),
  path: z.string().max(4096).optional(),
  protocol: z.string().optional(),
  headers: z
    .array(z.looseObject({ name: z.string(), values: z.array(z.string()) }))
    .nullish()
    .transform((headers) => headers ?? undefined),
})
export const portConfig = z.looseObject({
  port: portNumber.optional(),
  start_port: portNumber.optional(),
  end_port: portNumber.optional(),
  handlers: z.array(z.string()).nullish(),
  force_https: z.boolean().optional(),
})
export const serviceConfig = z.looseObject({
  protocol: z.enum(['tcp', 'udp', '']).optional(),
  internal_port: portNumber.optional(),
  ports: z.array(portConfig).nullish(),
  concurrency: z
    .looseObject({
      type: z.enum(['connections', 'requests', '']).optional(),
      soft_limit: z.number().int().min(0).optional(),
      hard_limit: z.number().int().min(0).optional(),
    })
    .nullish(),
  autostart: z.boolean().nullish(),
  autostop: z.union([z.boolean(), z.enum(['off', 'stop', 'suspend'])]).nullish(),
  min_machines_running: z.number().int().min(0).nullish(),
  checks: z.array(checkConfig).nullish(),
})
export const machineConfig = z
  .looseObject({
    image: z.string().min(1).max(1024),
    env: stringMap.nullish(),
    metadata: stringMap.nullish(),
    init: z
      .looseObject({
        exec: z.array(z.string()).nullish(),
        entrypoint: z.array(z.string()).nullish(),
        cmd: z.array(z.string()).nullish(),
      })
      .nullish(),
    guest: z
      .looseObject({
        cpu_kind: z.string().optional(),
        cpus: z.number().int().min(1).max(1024).optional(),
        memory_mb: z.number().int().min(1).optional(),
      })
      .nullish(),
    services: z.array(serviceConfig).max(64).nullish(),
    checks: z.record(z.string(), checkConfig).nullish(),
    restart: z
      .looseObject({
        policy: z.enum(['no', 'never', 'on-failure', 'on-fail', 'always', '']).optional(),
        max_retries: z.number().int().min(0).optional(),
      })
      .nullish(),
    stop_config: z.looseObject({ signal: z.union([z.string(), z.number()]).optional(), timeout: wireDuration.optional() }).nullish(),
    auto_destroy: z.boolean().nullish(),
    schedule: z.enum(['hourly', 'daily', 'weekly', 'monthly', '']).nullish(),
    standbys: z.array(z.string()).nullish(),
    mounts: z.array(z.looseObject({})).nullish(),
  })
  .meta({ id: 'MachineConfig' })

export const createMachineRequest = z.looseObject({
  config: machineConfig,
  name: z.string().max(63).optional(),
  /** A region, a list in order of preference, or an alias: `fra`, `cdg,fra`, `eu`, `any`. */
  region: z.string().max(256).optional(),
  skip_launch: z.boolean().optional(),
  skip_service_registration: z.boolean().optional(),
  /** seconds */
  lease_ttl: z.number().int().min(0).max(86_400).optional(),
  /** The machine starts with the secrets of this version of the app's, or later ones. */
  min_secrets_version: z.number().int().min(0).nullish(),
})
export type CreateMachineRequest = z.infer<typeof createMachineRequest>
export const updateMachineRequest = createMachineRequest.extend({
  /** The instance id (or the number of the version) that the caller has seen: another one is a conflict. */
  current_version: z.union([z.string(), z.number()]).optional(),
})
export type UpdateMachineRequest = z.infer<typeof updateMachineRequest>

export const machineEvent = z.looseObject({
  id: z.string(),
  type: z.string(),
  status: z.string(),
  source: z.string(),
  timestamp: z.number(),
  request: z.looseObject({}).optional(),
})
export const machineCheck = z.object({
  name: z.string(),
  status: z.enum(['passing', 'warning', 'critical']),
  output: z.string(),
  updated_at: z.string(),
})
export const imageRef = z.object({ registry: z.string(), repository: z.string(), tag: z.string(), digest: z.string(), labels: z.null() })
export const machine = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    state: z.string(),
    region: z.string(),
    instance_id: z.string(),
    version: z.number().int(),
    private_ip: z.string(),
    image_ref: imageRef,
    config: z.looseObject({ image: z.string() }).optional(),
    /** In place of `config` while the machine's host does not answer. */
    incomplete_config: z.looseObject({ image: z.string() }).optional(),
    events: z.array(machineEvent),
    checks: z.array(machineCheck),
    host_status: z.enum(['ok', 'unknown', 'unreachable']),
    cordoned: z.boolean(),
    nonce: z.string().optional(),
    lease: z.looseObject({}).optional(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Machine' })
export type MachineJson = z.infer<typeof machine>
/** `?summary=true` and org-wide lists. */
export const machineSummary = z
  .looseObject({
    id: z.string(),
    app_name: z.string(),
    name: z.string(),
    state: z.string(),
    region: z.string(),
    version: z.string(),
    instance_id: z.string(),
    private_ip: z.string(),
    host_status: z.enum(['ok', 'unknown', 'unreachable']),
    config: z.looseObject({ image: z.string() }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'MachineSummary' })

export const app = z
  .object({
    id: z.string(),
    name: z.string(),
    internal_numeric_id: z.number().int(),
    network: z.string(),
    status: z.enum(['pending', 'deployed', 'suspended']),
    machine_count: z.number().int(),
    volume_count: z.number().int(),
    organization: z.object({ name: z.string(), slug: z.string(), internal_numeric_id: z.number().int() }),
    cname_target: z.string(),
    app_role: z.object({ id: z.string(), name: z.string() }),
    /** milliseconds since 1970 */
    created_at: z.number().int(),
  })
  .meta({ id: 'App' })
export type AppJson = z.infer<typeof app>
export const createAppRequest = z
  .looseObject({
    name: z.string().optional(),
    app_name: z.string().optional(),
    org_slug: z.string().optional(),
    network: z.string().max(63).optional(),
    idempotency_key: z.string().max(256).optional(),
  })
  .refine((body) => (body.name ?? body.app_name) !== undefined, { path: ['name'], message: 'required (or app_name)' })
export const appList = z.object({ total_apps: z.number().int(), apps: z.array(app) })

const timeoutOf = z.union([z.string().max(64), z.number()])
export const stopRequest = z.looseObject({
  signal: z.union([z.string(), z.number()]).optional(),
  /** A Go duration, or a number: nanoseconds from a million on, seconds below. */
  timeout: timeoutOf.nullish(),
})
export const signalRequest = z.looseObject({ signal: z.union([z.string().min(1), z.number().int().min(1).max(64)]) })
export const execRequest = z
  .looseObject({
    cmd: z.string().max(65_536).optional(),
    command: z.array(z.string()).min(1).optional(),
    stdin: z
      .string()
      .max(1024 * 1024)
      .optional(),
    /** seconds */
    timeout: z.number().min(0).max(600).optional(),
    container: z.string().optional(),
  })
  .refine((body) => body.cmd !== undefined || body.command !== undefined, { path: ['command'], message: 'required (or cmd)' })
export const execReply = z.object({ exit_code: z.number(), exit_signal: z.number(), stdout: z.string(), stderr: z.string() })
export const leaseRequest = z.looseObject({ ttl: z.number().int().min(1).max(86_400).optional(), description: z.string().max(1024).optional() })
export const leaseReply = z.object({
  status: z.literal('success'),
  data: z.object({ nonce: z.string(), expires_at: z.number().int(), owner: z.string(), description: z.string(), version: z.string() }),
})
export const metadataRequest = z.looseObject({
  metadata: z.record(z.string(), z.union([z.string(), z.null()])),
  machine_version: z.string().optional(),
})
export const metadataValue = z.looseObject({ value: z.string() })
export const okReply = z.object({ ok: z.boolean() })
export const startReply = z.object({ previous_state: z.string(), migrated: z.boolean(), new_host: z.string() })
export const waitReply = z.object({ ok: z.boolean(), state: z.string(), version: z.string(), event_id: z.string() })
export const versionList = z.array(z.object({ version: z.string(), user_config: z.looseObject({ image: z.string() }) }))
export const processList = z.array(z.looseObject({ pid: z.number().int(), command: z.string() }))
export const regionList = z.object({
  Regions: z.array(
    z.object({
      code: z.string(),
      name: z.string(),
      latitude: z.number(),
      longitude: z.number(),
      gateway_available: z.boolean(),
      requires_paid_plan: z.boolean(),
      deprecated: z.boolean(),
      capacity: z.number().int(),
      geo_region: z.string(),
      mpg_available: z.boolean(),
    }),
  ),
  Nearest: z.string(),
})
export const placementRequest = z.looseObject({
  org_slug: z.string().optional(),
  region: z.string().max(256).optional(),
  count: z.number().int().min(1).max(1000).optional(),
})
export const placementReply = z.object({ regions: z.array(z.object({ region: z.string(), count: z.number().int(), concurrency: z.number().int() })) })
export const currentTokens = z.object({
  tokens: z.array(
    z.object({
      token_id: z.string(),
      organization: z.string(),
      org_slug: z.string(),
      apps: z.array(z.string()).nullable(),
      user: z.string().nullable(),
      restricted_to_machine: z.string().nullable(),
      source_machine_id: z.string().nullable(),
    }),
  ),
})
export const faultReply = z
  .object({
    error: z.string(),
    status: z.string(),
    kind: z.string().optional(),
    hint: z.string().optional(),
    request_id: z.string().optional(),
  })
  .meta({ id: 'Fault' })
