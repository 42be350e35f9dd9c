import type { AppName, DeployId } from '../../model/ids.ts'
import { keys } from '../../store/keys.ts'

/** Who changes an app's machines as a whole just now: one at a time, a deploy or a scaling. */
export interface AppLeaseValue {
  readonly schema: 1
  readonly holder: string
  readonly deploy?: DeployId
}
export const appLeasePrefix = keys.lease('deploy/')
export const appLeaseKey = (app: AppName): string => `${appLeasePrefix}${app}`
