import type { DesiredMachine, MachineEndpoint } from './machine-record.ts'
import type { MachineConfig } from './machine-config.ts'

/** Memory of a machine that names none: Fly.io's smallest preset. */
const defaultMemoryMb = 256
export const memoryMbOf = (config: MachineConfig): number => config.guest?.memory_mb ?? defaultMemoryMb

/**
 * The environment of a machine's program: the app's own variables (PRIMARY_REGION among them, deploys put it there), then its secrets, then the
 * platform's, each of which wins over those before (platform-semantics §8.7). PORT, HOST and PATH come from the runtime.
 */
export function machineEnv(
  desired: DesiredMachine,
  endpoint: MachineEndpoint,
  secrets: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const { config } = desired
  const group = config.metadata?.['fly_process_group']
  return {
    ...config.env,
    ...secrets,
    FLY_APP_NAME: desired.app,
    FLY_MACHINE_ID: desired.id,
    FLY_ALLOC_ID: desired.id,
    FLY_REGION: desired.region,
    FLY_PRIVATE_IP: endpoint.address,
    FLY_IMAGE_REF: config.image,
    FLY_MACHINE_VERSION: desired.instanceId,
    FLY_VM_MEMORY_MB: String(memoryMbOf(config)),
    ...(group === undefined ? {} : { FLY_PROCESS_GROUP: group }),
    ...(config.standbys?.length ? { FLY_STANDBY_FOR: config.standbys.join(',') } : {}),
  }
}
