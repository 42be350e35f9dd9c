import type { App } from '../../model/app.ts'
import { fault } from '../../model/fault/fault.ts'
import type { HostId } from '../../model/ids.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import type { SecretSource } from '../../protocol/secret-source.ts'
import type { Store } from '../../store/contract.ts'
import { keys } from '../../store/keys.ts'
import type { Records } from '../state/records.ts'
import type { AppSecrets } from './app-secrets.ts'

/** What one host may have: the secrets of machines that it was ordered to have. A host that is taken over opens nobody else's. */
export const secretsForHost = (
  deps: { readonly store: Store; readonly records: Records; readonly secrets: AppSecrets },
  host: HostId,
): SecretSource => ({
  async secretsOf({ app: name, machine, ...wanted }) {
    const app = deps.records.get<App>(keys.app(name))
    const key = keys.machine(name, machine)
    // Straight from the store when the mirror has not seen the order yet.
    const row = deps.records.get<DesiredMachine>(key) ?? parsed(await deps.store.get(key))
    if (app === undefined || row?.host !== host) throw fault('machine_not_found', { id: machine })
    return deps.secrets.open(app, wanted)
  },
})

const parsed = (entry: { readonly value: string } | undefined): DesiredMachine | undefined => entry && (JSON.parse(entry.value) as DesiredMachine)
