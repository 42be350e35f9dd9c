import type { HostDeps, HostOptions, HostRole } from './host-role.ts'

export type { HostDeps, HostOptions, HostRole } from './host-role.ts'

/**
 * Opens a host: reads its database, adopts what runs, processes what ended meanwhile, and goes on. Needs `db` and `runtime`; the platform's store may be
 * away. Faults: store_unavailable when the host's own database does not answer.
 */
export async function openHost(deps: HostDeps, options: HostOptions): Promise<HostRole> {
  await deps.db.revision()
  throw new Error(`host ${options.record.id}: being written`)
}
