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
}

/** Every route there is: what serves the API, describes it (openapi.ts) and is tested for tokens. */
export const apiRoutes = ({ machines }: ApiServices): readonly Route[] => [
  ...appRoutes(machines),
  ...machineRoutes(machines),
  ...actionRoutes(machines),
  ...leaseRoutes(machines),
  ...metadataRoutes(machines),
  ...platformRoutes(machines),
]
