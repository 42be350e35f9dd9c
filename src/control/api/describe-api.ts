import { apiRoutes, type ApiServices } from './api-routes.ts'
import { openApiDocument } from './openapi.ts'
import type { Route } from './route.ts'

/** The table of routes without anything behind it: to be read, not served. */
export function describedRoutes(): readonly Route[] {
  // A handler is only called by a server, and tables are made without looking into the services.
  const nothing: unknown = new Proxy({}, { get: (_target, name) => (name === Symbol.iterator ? undefined : nothing) })
  return apiRoutes(nothing as ApiServices)
}

/** The OpenAPI document of the whole API: docs/reference/openapi.json. */
export const describeApi = (version: string): Readonly<Record<string, unknown>> => openApiDocument(describedRoutes(), version)
