import { describedRoutes } from '../../../src/control/api/describe-api.ts'

/** Method and path of every route of the API. */
export const fromControl = (): readonly { readonly method: string; readonly path: string }[] =>
  describedRoutes().map(({ method, path }) => ({ method, path }))
