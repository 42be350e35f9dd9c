import type { App } from '../../model/app.ts'
import { fault } from '../../model/fault/fault.ts'
import type { AppScaling } from '../../model/placement/app-scaling.ts'
import { keys } from '../../store/keys.ts'
import type { AppHold, HoldDeps } from './hold-app.ts'

/** Writes an app's scaling record while its lease is held. Fault app_changed when the lease or the app is gone. */
export async function writeScaling(
  { store, settle, clock }: HoldDeps,
  app: App,
  scaling: Partial<Pick<AppScaling, 'regions' | 'backup' | 'autoscale'>>,
  hold: AppHold,
): Promise<void> {
  const { regions, backup, autoscale } = scaling
  const record: AppScaling = {
    schema: 1,
    app: app.name,
    ...(regions === undefined ? {} : { regions }),
    ...(backup === undefined || backup.length === 0 ? {} : { backup }),
    ...(autoscale === undefined || Object.keys(autoscale).length === 0 ? {} : { autoscale }),
    updatedAt: new Date(clock.now()).toISOString(),
  }
  const written = await store.transact({
    compare: [hold.fence, { key: keys.app(app.name), target: 'version', is: '>', to: 0 }],
    then: [{ op: 'put', key: keys.scaling(app.name), value: JSON.stringify(record) }],
  })
  if (!written.held) throw fault('app_changed', { app: app.name })
  await settle(written.revision)
}
