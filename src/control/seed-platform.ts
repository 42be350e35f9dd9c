import { createHmac } from 'node:crypto'
import { readIfThere } from '../kit/durable-file.ts'
import { ensureSecretFile } from '../kit/secret-file.ts'
import type { Secret } from '../kit/secret.ts'
import { fault } from '../model/fault/fault.ts'
import type { HostRecord } from '../model/host.ts'
import type { OrgSlug, RandomBytes } from '../model/ids.ts'
import type { DesiredMachine } from '../model/machine/machine-record.ts'
import { prefixRange, type Operation, type Store } from '../store/contract.ts'
import { keys, prefixes } from '../store/keys.ts'

export const defaultOrg = 'personal' as OrgSlug
/** Proves that a master key is the one of this data without giving it away. */
const masterKeyCheck = 'platform/master-key'

export interface PlatformSecrets {
  readonly token: Secret
  readonly masterKey: Secret
}

/**
 * The API token and the master key, made (0600) at the first start. Afterwards a missing master key is a fault, not a new key: what was encrypted
 * under the old one would be lost silently. Faults: master_key_missing, master_key_mismatch.
 */
export async function openPlatformSecrets(
  store: Store,
  options: { readonly tokenFile: string; readonly masterKeyFile: string; readonly random: RandomBytes },
): Promise<PlatformSecrets> {
  const made = (prefix: string) => () => `${prefix}${Buffer.from(options.random(32)).toString('base64url')}`
  const token = await ensureSecretFile(options.tokenFile, made('kante_'))
  const recorded = await store.get(masterKeyCheck)
  if (recorded !== undefined && !(await readIfThere(options.masterKeyFile))?.trim())
    throw fault('master_key_missing', { path: options.masterKeyFile })
  const masterKey = await ensureSecretFile(options.masterKeyFile, made(''))
  const check = createHmac('sha256', masterKey.reveal()).update('kante master key').digest('hex')
  if (recorded === undefined) {
    await store.transact({ compare: [], then: [{ op: 'put', key: masterKeyCheck, value: JSON.stringify({ schema: 1, check }) }] })
  } else if ((JSON.parse(recorded.value) as { check?: unknown }).check !== check) {
    throw fault('master_key_mismatch', { path: options.masterKeyFile })
  }
  return { token, masterKey }
}

/**
 * Makes the store name exactly these hosts, and the default org. Hosts that are there already keep their creation time. Fault region_in_use when one
 * that goes has machines.
 */
export async function seedPlatform(store: Store, hosts: readonly HostRecord[], nowMs: number): Promise<void> {
  const operations: Operation[] = []
  const found = new Map((await store.range(prefixRange(prefixes.hosts))).entries.map((entry) => [entry.key, entry]))
  for (const host of hosts) {
    const key = keys.host(host.id)
    const before = found.get(key)
    found.delete(key)
    const record = before ? { ...host, createdAt: (JSON.parse(before.value) as HostRecord).createdAt } : host
    const value = JSON.stringify(record)
    if (value !== before?.value) operations.push({ op: 'put', key, value })
  }
  if (found.size > 0) {
    const machines = (await store.range(prefixRange(prefixes.machines))).entries.map((entry) => JSON.parse(entry.value) as DesiredMachine)
    for (const entry of found.values()) {
      const { id, region } = JSON.parse(entry.value) as HostRecord
      const there = machines.filter((machine) => machine.host === id).length
      if (there > 0) throw fault('region_in_use', { region: region.code, machines: there })
      operations.push({ op: 'delete', key: entry.key })
    }
  }
  const org = keys.org(defaultOrg)
  if ((await store.get(org)) === undefined) {
    const createdAt = new Date(nowMs).toISOString()
    operations.push({ op: 'put', key: org, value: JSON.stringify({ schema: 1, slug: defaultOrg, name: defaultOrg, createdAt }) })
  }
  if (operations.length > 0) await store.transact({ compare: [], then: operations })
}
