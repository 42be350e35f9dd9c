import type { FlyConfig } from '../../fly-toml/fly-config.ts'
import { defaultGroup, forGroup } from '../../fly-toml/process-groups.ts'
import { machineCheckConfig, releaseCommandConfig } from '../../fly-toml/release-configs.ts'
import { toMachineConfigs, type GroupConfig } from '../../fly-toml/to-machine-configs.ts'
import type { DeployRequest } from '../../protocol/kante-api.ts'
import type { DeployFlags } from './deploy-flags.ts'
import { readLocalFiles, type ProjectConfig } from './project-config.ts'

export type Targets = NonNullable<DeployRequest['only']>
const longestWaitMs = 3_600_000
const longestCommandMs = 86_400_000
const defaultTimeoutMs = 300_000

/** What is sent to deploy a project: flags before fly.toml before the defaults. */
export async function deployRequestOf(
  project: ProjectConfig,
  image: string,
  flags: DeployFlags,
  given: (flag: keyof DeployFlags) => boolean,
  targets: Targets | undefined,
): Promise<DeployRequest> {
  const { config, definition } = project
  const { deploy } = config
  const files = await readLocalFiles(project)
  const groups = toMachineConfigs(config, files)
  const withEnv = <Config extends GroupConfig>(group: Config) => ({ ...group, env: { ...group.env, ...flags.env } })
  const command = releaseCommandConfig(config)
  const checks = machineChecksOf(config, Object.keys(groups))
  const waitTimeoutMs = given('wait-timeout') ? flags['wait-timeout'] : (deploy.waitTimeoutMs ?? defaultTimeoutMs)
  const commandMs = flags['release-command-timeout'] ?? deploy.releaseCommandTimeoutMs ?? defaultTimeoutMs
  const own = groups[defaultGroup(config)]?.files
  return {
    image,
    groups: mapValues(groups, withEnv),
    definition,
    ...(config.primaryRegion === undefined ? {} : { primaryRegion: config.primaryRegion }),
    ha: flags.ha,
    strategy: flags.strategy ?? deploy.strategy ?? 'rolling',
    maxUnavailable: flags['max-unavailable'] ?? deploy.maxUnavailable ?? 0.33,
    maxConcurrent: flags['max-concurrent'] ?? 8,
    smokeChecks: flags['smoke-checks'],
    waitTimeoutMs: Math.min(longestWaitMs, Math.max(1000, Math.round(waitTimeoutMs))),
    ...(command === undefined
      ? {}
      : {
          releaseCommand: {
            config: { ...withEnv(command), ...(own === undefined ? {} : { files: own }) },
            timeoutMs: Math.min(longestCommandMs, Math.round(commandMs)),
          },
        }),
    ...(Object.keys(checks).length === 0 ? {} : { machineChecks: mapValues(checks, (each) => each.map(withEnv)) }),
    ...(targets === undefined ? {} : { only: targets }),
  }
}

/** The checks of the app, and those of a group's services. */
function machineChecksOf(config: FlyConfig, groups: readonly string[]): Record<string, readonly GroupConfig[]> {
  const byGroup = groups.map((group) => {
    const services = forGroup(config.services, group, defaultGroup(config))
    const checks = [...config.machineChecks, ...services.flatMap((service) => service.machineChecks)]
    return [group, checks.map((check) => machineCheckConfig(config, check))] as const
  })
  return Object.fromEntries(byGroup.filter(([, checks]) => checks.length > 0))
}

const mapValues = <From, To>(from: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(from).map(([key, value]) => [key, map(value)]))
