import { entry } from './kind.ts'

export const scaleFaults = {
  autoscaled: entry<{ app: string; group: string; min: number; max: number }>(
    'precondition',
    (d) => `group ${d.group} of ${d.app} is autoscaled between ${d.min} and ${d.max} machines`,
    (d) => `change the bounds with \`kante autoscale set min=${d.min} max=${d.max}\`, or \`kante autoscale disable\` first and scale by hand`,
  ),
  not_autoscaled: entry<{ app: string; group: string }>(
    'precondition',
    (d) => `group ${d.group} of ${d.app} is not autoscaled`,
    () => '`kante autoscale balanced min=1 max=10` turns it on',
  ),
  region_not_in_pool: entry<{ app: string; region: string; pool: readonly string[] }>(
    'precondition',
    (d) => `region ${d.region} is not in the region pool of ${d.app}: ${d.pool.join(', ')}`,
    (d) => `\`kante regions add ${d.region}\` puts it in`,
  ),
  last_region: entry<{ app: string; pool: readonly string[] }>(
    'precondition',
    (d) => `the region pool of ${d.app} would be empty; it is ${d.pool.join(', ')}`,
    () => '`kante regions set REGION` replaces the pool; `kante scale count 0` ends its machines',
  ),
  no_machines: entry<{ app: string; group: string }>(
    'precondition',
    (d) => `group ${d.group} of ${d.app} has no machines`,
    () => '`kante scale count 1` makes one; `kante scale show` lists the groups',
  ),
  scale_failed: entry<{ app: string; reason: string }>(
    'precondition',
    (d) => `scaling ${d.app} failed, and was undone: ${d.reason}`,
    () => '`kante logs` shows what its machines said',
  ),
} as const
