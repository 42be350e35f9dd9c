import type { FlyConfig, ForGroups, ServiceSection } from './fly-config.ts'
import { guestOfSize } from './machine-guest.ts'
import { defaultGroup, forGroup, processGroups } from './process-groups.ts'
import type { Finding, Findings } from './section.ts'

/** The rules that span several keys (platform-semantics §7.4). */
export function checkConfig(config: FlyConfig, findings: Findings): void {
  const groups = processGroups(config)
  const named = groups.map((group) => `"${group}"`).join(', ')
  const error = (line: number, key: string, problem: string) => void findings.errors.push({ line, key, problem })
  const warn = (line: number, key: string, problem: string) => void findings.warnings.push({ line, key, problem })
  const hasManyGroups = Object.keys(config.processes).length > 1

  // flyctl refuses unknown groups of services and restarts; elsewhere the section is simply for nobody.
  const unknownGroups = (key: string, sections: readonly ForGroups[], into: Finding[]) => {
    for (const section of sections) {
      for (const group of section.processes.filter((name) => !groups.includes(name))) {
        into.push({
          line: section.line,
          key: `${key}.processes`,
          problem: `found ${JSON.stringify(group)}, allowed is a group of [processes]: ${named}`,
        })
      }
    }
  }
  unknownGroups(
    'http_service',
    config.services.filter((service) => service.origin === 'http_service'),
    findings.errors,
  )
  unknownGroups(
    'services',
    config.services.filter((service) => service.origin === 'services'),
    findings.errors,
  )
  unknownGroups('restart', config.restart, findings.errors)
  for (const key of ['checks', 'mounts', 'vm', 'files', 'metrics'] as const) unknownGroups(key, config[key], findings.warnings)

  for (const service of config.services) {
    if (hasManyGroups && service.processes.length === 0) {
      error(service.line, service.origin, `needs processes = [...] because there are several process groups: ${named}`)
    }
  }
  const byDefault = defaultGroup(config)
  for (const group of groups) {
    const services = forGroup(config.services, group, byDefault)
    const hasHttpService = services.some((service) => service.origin === 'http_service')
    for (const check of forGroup(config.checks, group, byDefault)) {
      if (check.port === undefined && !hasHttpService)
        warn(
          check.line,
          `checks.${check.name}.port`,
          `is missing, and group "${group}" has no http_service to take it from; ${portless(services[0])}`,
        )
    }
  }
  for (const group of groups) {
    const [, second] = forGroup(config.mounts, group, byDefault)
    if (second !== undefined) warn(second.line, 'mounts', `group "${group}" has more than one mount, but a machine can have one`)
  }
  for (const vm of [...config.vm, ...(config.deploy.releaseCommandVm === undefined ? [] : [config.deploy.releaseCommandVm])]) {
    if (vm.size !== undefined && vm.size !== '' && guestOfSize(vm.size) === undefined)
      warn(vm.line, 'vm.size', `found ${JSON.stringify(vm.size)}, which is no size (\`kante platform vm-sizes\` lists them); shared-cpu-1x is used`)
  }
  const [mount] = config.mounts
  if (config.deploy.strategy === 'canary' && mount !== undefined) error(mount.line, 'deploy.strategy', 'canary does not work with mounts')
}

const portless = (service: ServiceSection | undefined) =>
  service === undefined ? 'the check is left out' : `port ${service.internalPort} of its first service is used`
