import { ensureSecretFile } from '../kit/secret-file.ts'
import type { Secret } from '../kit/secret.ts'
import { openKeyring, type Keyring } from './secrets/keyring.ts'
import type { MasterKeySource } from './secrets/master-key.ts'
import { fault } from '../model/fault/fault.ts'
import type { HostRecord } from '../model/host.ts'
import type { OrgSlug, RandomBytes } from '../model/ids.ts'
import type { DesiredMachine } from '../model/machine/machine-record.ts'
import { prefixRange, type Operation, type Store } from '../store/contract.ts'
import { keys, prefixes } from '../store/keys.ts'

export const defaultOrg = 'personal' as OrgSlug

export interface PlatformSecrets {
  readonly token: Secret
  readonly keyring: Keyring
}

/** The API token, made (0600) at the first start, and the keys of the store. Faults: master_key_missing, master_key_mismatch. */
export async function openPlatformSecrets(
  store: Store,
  options: { readonly tokenFile: string; readonly masterKey: MasterKeySource; readonly random: RandomBytes; readonly now: () => number },
): Promise<PlatformSecrets> {
  const { random, now } = options
  const token = await ensureSecretFile(options.tokenFile, () => `kante_${Buffer.from(random(32)).toString('base64url')}`)
  return { token, keyring: await openKeyring({ store, random, now }, options.masterKey) }
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
