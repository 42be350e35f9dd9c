import { createHmac, timingSafeEqual } from 'node:crypto'
import { ensureSecretFile } from '../kit/secret-file.ts'
import type { Secret } from '../kit/secret.ts'
import { fault } from '../model/fault/fault.ts'
import type { HostRecord } from '../model/host.ts'
import { parseOrgSlug, type RandomBytes } from '../model/ids.ts'
import type { Store } from '../store/contract.ts'
import { keys } from '../store/keys.ts'

export const defaultOrg = parseOrgSlug('personal')

/** The API's token and the master key; made at the first start, 0600. Fault master_key_mismatch when the store was written under another key. */
export async function openPlatformSecrets(
  store: Store,
  options: { readonly tokenFile: string; readonly masterKeyFile: string; readonly random: RandomBytes },
): Promise<{ readonly token: Secret; readonly masterKey: Secret }> {
  const hex = (size: number) => Buffer.from(options.random(size)).toString('hex')
  const token = await ensureSecretFile(options.tokenFile, () => `kt_${hex(24)}`)
  const recorded = await store.get(keys.masterKeyMark)
  const masterKey = await ensureSecretFile(options.masterKeyFile, () => {
    // A store that was written under a key must not get a new one in silence: what is encrypted in it would be lost.
    if (recorded !== undefined) throw fault('master_key_missing', { path: options.masterKeyFile })
    return hex(32)
  })
  const mark = markOf(masterKey)
  if (recorded === undefined) await store.transact({ compare: [], then: [{ op: 'put', key: keys.masterKeyMark, value: mark }] })
  else if (!timingSafeEqual(Buffer.from(recorded.value), Buffer.from(mark))) throw fault('master_key_mismatch', { path: options.masterKeyFile })
  return { token, masterKey }
}

/** Tells whether a key is the store's without telling anything of the key. */
const markOf = (masterKey: Secret) => createHmac('sha256', masterKey.reveal()).update('kante master key mark v1').digest('hex')

/** The default org and one record per host, as the platform's flags say; written only where they differ. */
export async function seedPlatform(store: Store, hosts: readonly HostRecord[], nowMs: number): Promise<void> {
  const org = JSON.stringify({ schema: 1, slug: defaultOrg, name: 'Personal', createdAt: new Date(nowMs).toISOString() })
  await store.transact({
    compare: [{ key: keys.org(defaultOrg), target: 'version', is: '=', to: 0 }],
    then: [{ op: 'put', key: keys.org(defaultOrg), value: org }],
  })
  for (const host of hosts) {
    const found = await store.get(keys.host(host.id))
    const before = found === undefined ? undefined : (JSON.parse(found.value) as HostRecord)
    const wanted = JSON.stringify({ ...host, createdAt: before?.createdAt ?? host.createdAt })
    if (found?.value !== wanted) await store.transact({ compare: [], then: [{ op: 'put', key: keys.host(host.id), value: wanted }] })
  }
}
