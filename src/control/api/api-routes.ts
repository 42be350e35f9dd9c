import type { BackupSource } from '../backup/write-backup.ts'
import type { BundleBuilder } from '../bundles/build-bundle.ts'
import type { LayerStore } from '../bundles/layer-store.ts'
import type { Deploys } from '../deploy/open-deploys.ts'
import type { AppLogs } from '../logs/app-logs.ts'
import type { ScaleDeps } from '../scale/scale-app.ts'
import { backupRoutes } from './kante/backup-routes.ts'
import { deployRoutes } from './kante/deploy-routes.ts'
import { layerRoutes } from './kante/layer-routes.ts'
import { logRoutes } from './kante/log-routes.ts'
import { scaleRoutes } from './kante/scale-routes.ts'
import { statusRoutes, type StatusServices } from './kante/status-routes.ts'
import { actionRoutes } from './machines/action-routes.ts'
import { appRoutes } from './machines/app-routes.ts'
import { leaseRoutes } from './machines/lease-routes.ts'
import { machineRoutes } from './machines/machine-routes.ts'
import { metadataRoutes } from './machines/metadata-routes.ts'
import { platformRoutes } from './machines/platform-routes.ts'
import type { Route } from './route.ts'
import type { MachineServices } from './services.ts'

export interface ApiServices {
  readonly machines: MachineServices
  readonly status: StatusServices
  readonly layers: LayerStore
  readonly bundles: BundleBuilder
  readonly logs: AppLogs
  readonly deploys: Deploys
  readonly scale: ScaleDeps
  readonly backup: BackupSource
}

/** Every route there is: what serves the API, describes it (openapi.ts) and is tested for tokens. */
export const apiRoutes = (services: ApiServices): readonly Route[] => [
  ...appRoutes(services.machines),
  ...machineRoutes(services.machines),
  ...actionRoutes(services.machines),
  ...leaseRoutes(services.machines),
  ...metadataRoutes(services.machines),
  ...platformRoutes(services.machines),
  ...statusRoutes(services.status),
  ...layerRoutes(services.layers, services.bundles),
  ...deployRoutes(services.deploys, services.scale),
  ...scaleRoutes(services.scale),
  ...logRoutes(services.logs),
  ...backupRoutes(services.backup),
]
