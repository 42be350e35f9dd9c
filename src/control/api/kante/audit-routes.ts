import { z } from 'zod'
import { auditList, auditVerdict, type AuditRecordView } from '../../../protocol/access-api.ts'
import type { Store } from '../../../store/contract.ts'
import type { AuditRecord } from '../../audit/audit-record.ts'
import { readAudit, verifyAudit } from '../../audit/read-audit.ts'
import type { Keyring } from '../../secrets/keyring.ts'
import { json, route, type Route } from '../route.ts'

/** Who did what. There is no way to change it. */
export const auditRoutes = (store: Store, keyring: Pick<Keyring, 'of'>): readonly Route[] => [
  route({
    method: 'GET',
    path: '/v1/kante/audit',
    tag: 'kante',
    access: 'read',
    summary: 'The newest calls that changed something, or tried to',
    query: z.object({
      app: z.string().max(63).optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(50),
      before: z.coerce.number().int().min(1).optional(),
    }),
    replies: { 200: { description: 'records, newest first', schema: auditList } },
    async handle({ scope, caller }, { query }) {
      // A deploy token sees what concerns its app, the others their org.
      const only = caller.app && scope.app(caller.app.name)
      const isReached = (record: AuditRecord) => (only === undefined ? scope.covers(record.org) : record.org === only.org && record.app === only.name)
      const records = await readAudit(store, {
        limit: query.limit,
        ...(query.before === undefined ? {} : { before: query.before }),
        isWanted: (record) => isReached(record) && (query.app === undefined || record.app === query.app),
      })
      return json({ records: records.map(view) })
    },
  }),
  route({
    method: 'GET',
    path: '/v1/kante/audit/verify',
    tag: 'kante',
    access: 'operate',
    summary: 'Whether the audit log is whole and as it was written',
    replies: { 200: { description: 'the verdict', schema: auditVerdict } },
    handle: async () => json(await verifyAudit(store, keyring)),
  }),
]

function view({ schema: _schema, ...record }: AuditRecord): AuditRecordView {
  return { ...record, objects: [...record.objects] }
}
