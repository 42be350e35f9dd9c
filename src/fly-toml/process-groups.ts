import type { FlyConfig, ForGroups } from './fly-config.ts'

/** All process groups of an app; one named `app` where `[processes]` is missing. */
export function processGroups(config: Pick<FlyConfig, 'processes'>): readonly string[] {
  const names = Object.keys(config.processes).toSorted()
  return names.length === 0 ? ['app'] : names
}

/** The group that sections without `processes` belong to: `app`, else the first by name (platform-semantics §7.3). */
export function defaultGroup(config: Pick<FlyConfig, 'processes'>): string {
  const names = processGroups(config)
  return names.includes('app') ? 'app' : (names[0] ?? 'app')
}

/** Sections of a group where no `processes` means the default group: services, mounts, checks, files, metrics, restart. */
export const forGroup = <Kind extends ForGroups>(sections: readonly Kind[], group: string, byDefault: string): readonly Kind[] =>
  sections.filter((section) => (section.processes.length === 0 ? group === byDefault : section.processes.includes(group)))
