import { z } from 'zod'
import type { Route } from './route.ts'

/** The OpenAPI 3.1 document of a table of routes: the same table that serves them. */
export function openApiDocument(routes: readonly Route[], version: string): Readonly<Record<string, unknown>> {
  const schemas: Record<string, unknown> = {}
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:([a-z]+)/g, '{$1}')
    paths[path] ??= {}
    paths[path][route.method.toLowerCase()] = operationOf(route, schemas)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Kante',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: 'Fly.io’s Machines REST API, and beside it under /v1/kante what a client needs that orchestrates nothing.',
    },
    servers: [{ url: 'http://127.0.0.1:4280' }],
    security: [{ token: [] }],
    paths,
    components: { schemas, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  }
}

function operationOf(route: Route, schemas: Record<string, unknown>): Readonly<Record<string, unknown>> {
  const inPath = Array.from(route.path.matchAll(/:([a-z]+)/g), ([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
  const query = route.query === undefined ? {} : (schemaOf(route.query, schemas, 'input') as { properties?: object; required?: readonly string[] })
  const inQuery = Object.entries(query.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: query.required?.includes(name) ?? false,
    schema: schema as unknown,
  }))
  const body =
    route.body === undefined
      ? undefined
      : route.body === 'stream'
        ? { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
        : { 'application/json': { schema: schemaOf(route.body, schemas, 'input') } }
  const replies = Object.entries(route.replies).map(([status, reply]) => {
    const type = reply.type ?? 'application/json'
    const content = reply.schema === undefined ? {} : { content: { [type]: { schema: schemaOf(reply.schema, schemas, 'output') } } }
    return [status, { description: reply.description, ...content }] as const
  })
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replaceAll(/[/:]+([a-z])/g, (_match, letter: string) => letter.toUpperCase())}`,
    summary: route.summary,
    tags: [route.tag],
    // Which tokens may call it: read (any), deploy (of the app or its org), manage (the org's), operate (the operator's).
    'x-kante-access': route.access,
    parameters: [...inPath, ...inQuery],
    ...(body === undefined ? {} : { requestBody: { required: !route.isBodyOptional, content: body } }),
    responses: Object.fromEntries(replies),
  }
}

/** Schemas with an id are written once, under components, and referred to. */
function schemaOf(schema: z.ZodType, schemas: Record<string, unknown>, io: 'input' | 'output'): unknown {
  const made = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' }) as Record<string, unknown>
  const { $schema: _dialect, $defs, ...own } = made
  const text = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/')) as Record<string, unknown>
  for (const [name, definition] of Object.entries(($defs as Record<string, unknown> | undefined) ?? {})) {
    const { $schema: _inner, id: _id, ...rest } = text(definition)
    schemas[name] = rest
  }
  const { id, ...rest } = text(own)
  if (typeof id !== 'string') return rest
  schemas[id] = rest
  return { $ref: `#/components/schemas/${id}` }
}
