import type { BackupSource } from '../backup/write-backup.ts'
import type { BundleBuilder } from '../bundles/build-bundle.ts'
import type { LayerStore } from '../bundles/layer-store.ts'
import type { Deploys } from '../deploy/open-deploys.ts'
import type { AppLogs } from '../logs/app-logs.ts'
import type { OrgStore } from '../orgs/org-store.ts'
import type { AppSecrets } from '../secrets/app-secrets.ts'
import type { Keyring } from '../secrets/keyring.ts'
import type { TokenStore } from '../tokens/token-store.ts'
import type { ScaleDeps } from '../scale/scale-app.ts'
import { auditRoutes } from './kante/audit-routes.ts'
import { backupRoutes } from './kante/backup-routes.ts'
import { deployRoutes } from './kante/deploy-routes.ts'
import { layerRoutes } from './kante/layer-routes.ts'
import { logRoutes } from './kante/log-routes.ts'
import { scaleRoutes } from './kante/scale-routes.ts'
import { orgRoutes } from './kante/org-routes.ts'
import { statusRoutes, type StatusServices } from './kante/status-routes.ts'
import { tokenRoutes } from './kante/token-routes.ts'
import { actionRoutes } from './machines/action-routes.ts'
import { appRoutes } from './machines/app-routes.ts'
import { leaseRoutes } from './machines/lease-routes.ts'
import { machineRoutes } from './machines/machine-routes.ts'
import { metadataRoutes } from './machines/metadata-routes.ts'
import { platformRoutes } from './machines/platform-routes.ts'
import { secretRoutes } from './machines/secret-routes.ts'
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
  readonly secrets: AppSecrets
  readonly tokens: TokenStore
  readonly orgs: OrgStore
  readonly keyring: Keyring
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
  ...secretRoutes(services.secrets, services.deploys),
  ...tokenRoutes(services.tokens, () => services.machines.clock.now()),
  ...orgRoutes(services.orgs, services.keyring),
  ...auditRoutes(services.machines.store, services.keyring),
]
