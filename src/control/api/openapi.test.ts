import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeApi, describedRoutes } from './describe-api.ts'

const document = describeApi('1.2.3') as {
  paths: Record<string, Record<string, { operationId: string; responses: object; parameters: { name: string; in: string }[] }>>
  components: { schemas: Record<string, object> }
}

test('every route is described once, with its path parameters and a reply', () => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  assert.equal(operations.length, describedRoutes().length)
  assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length)
  for (const { path, operation } of operations) {
    const named = [...path.matchAll(/\{([a-z]+)\}/g)].map(([, name]) => name)
    assert.deepEqual(
      operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
      named,
    )
    assert.ok(Object.keys(operation.responses).length > 0)
  }
})

test('every reference leads to a schema', () => {
  const text = JSON.stringify(document)
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
    assert.ok(Object.hasOwn(document.components.schemas, String(name)), String(name))
  assert.ok(!text.includes('$defs'))
  assert.ok(Object.hasOwn(document.components.schemas, 'Machine'))
})
