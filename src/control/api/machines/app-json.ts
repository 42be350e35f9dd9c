import { createHash } from 'node:crypto'
import type { App } from '../../../model/app.ts'
import type { AppJson } from '../../../protocol/machines-api.ts'

/** An app as Fly.io's API shows it (flyctl-contract §1.2). */
export const appJson = (app: App, machineCount: number, domain: string): AppJson => ({
  id: app.id,
  name: app.name,
  internal_numeric_id: numberOf(app.id),
  network: app.network,
  status: app.status,
  machine_count: machineCount,
  volume_count: 0,
  organization: { name: app.org, slug: app.org, internal_numeric_id: numberOf(app.org) },
  cname_target: `${app.name}.${domain}`,
  app_role: { id: 'default', name: 'default' },
  created_at: Date.parse(app.createdAt),
})
/** Clients want a number beside the id: one that stays the same and is positive in 31 bits. */
const numberOf = (id: string): number => createHash('sha256').update(id).digest().readUInt32BE(0) >>> 1
