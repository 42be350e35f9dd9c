import type { AuditRecordView } from '../../../protocol/access-api.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { integer, text } from '../../framework/flag.ts'
import { jsonFlag } from '../../framework/shared-flags.ts'
import { renderTable } from '../../output/table.ts'

export const command = defineCommand({
  description: `Lists the newest calls that changed something or tried to: who, when, from where, on what, and how it ended. Values are never in it.
written: the change is in the store, by the same transaction as the record. ok: done by a host, or nothing was to be done. Else: the fault.
The newest 50,000 are kept.`,
  flags: {
    ...jsonFlag,
    app: text({ short: 'a', help: 'Only what concerns this app' }),
    limit: integer({ short: 'n', help: 'How many (50)', min: 1, max: 1000 }),
    before: integer({ help: 'Only those before this number', min: 1 }),
  },
  args: {},
  examples: ['kante audit list --app my-edge-app --limit 20'],
  run: async (ctx, { flags }) => {
    const query = { app: flags.app, limit: flags.limit, before: flags.before }
    const { records } = await (await ctx.api()).request<{ readonly records: readonly AuditRecordView[] }>('GET', '/v1/kante/audit', { query })
    if (ctx.isJson) return ctx.printJson(records)
    if (records.length === 0) return ctx.print('No calls are recorded.')
    ctx.print(
      renderTable<AuditRecordView>(
        [
          ['seq', (record) => record.seq],
          ['at', (record) => record.at.replace(/\.\d+Z$/, 'Z')],
          ['token', (record) => `${record.token} ${record.tokenName ?? record.kind}`],
          ['from', (record) => record.from],
          ['action', (record) => record.action],
          ['outcome', (record) => record.outcome],
          ['objects', (record) => record.objects.join(' ')],
        ],
        records,
      ),
    )
  },
})
