import { memoryMbOf, machineEnv } from '../../model/machine/machine-env.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { DesiredMachine, MachineEndpoint } from '../../model/machine/machine-record.ts'
import { stopConfigOf } from '../../model/machine/stop-config.ts'
import { checksOf, servicesOf } from '../../model/service/service.ts'
import type { RunSpec } from '../runtime/runtime-contract.ts'
import type { SecretEnv } from './machine-secrets.ts'

/** The ports that a machine must be reached at, services' first. */
export const portsOf = (config: MachineConfig): readonly number[] => [
  ...new Set([...servicesOf(config).map((service) => service.internalPort), ...checksOf(config).map((check) => check.port)]),
]

/** Secrets are part of it only where a program is about to be started: it is neither kept nor written. */
export function runSpecOf(desired: DesiredMachine, endpoint: MachineEndpoint, secrets: SecretEnv = {}): RunSpec {
  const { config } = desired
  const argv = config.init?.exec ?? [...(config.init?.entrypoint ?? []), ...(config.init?.cmd ?? [])]
  return {
    machine: desired.id,
    app: desired.app,
    region: desired.region,
    instanceId: desired.instanceId,
    image: config.image,
    env: machineEnv(desired, endpoint, secrets),
    ...(argv.length === 0 ? {} : { argv }),
    endpoint,
    ports: portsOf(config),
    memoryMb: memoryMbOf(config),
    stop: stopConfigOf(config),
  }
}
