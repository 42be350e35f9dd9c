import { strategyOf, type DeployRecord } from '../../../model/deploy/deploy-record.ts'
import type { DeployStatus } from '../../../protocol/kante-api.ts'

export const deployStatusOf = (deploy: DeployRecord): DeployStatus => ({
  id: deploy.id,
  app: deploy.app,
  version: deploy.release.version,
  // Undoing is still running for whoever waits.
  status: deploy.status === 'undoing' ? 'running' : deploy.status,
  image: deploy.image,
  strategy: strategyOf(deploy),
  ...(deploy.error === undefined ? {} : { error: deploy.error }),
  ...(deploy.isCancelled === undefined ? {} : { cancelled: true }),
  startedAt: deploy.startedAt,
  ...(deploy.endedAt === undefined ? {} : { endedAt: deploy.endedAt }),
})
