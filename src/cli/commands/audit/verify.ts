import type { AuditVerdict } from '../../../protocol/access-api.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { jsonFlag } from '../../framework/shared-flags.ts'

export const command = defineCommand({
  description: `Goes along the whole audit log: each record has a keyed hash over itself and the one before, so that none can be changed, taken out or put in
between. Note the head elsewhere: it is what shows that newer records were not cut off. Exit code 1 when something is wrong.`,
  flags: jsonFlag,
  args: {},
  run: async (ctx) => {
    const verdict = await (await ctx.api()).request<AuditVerdict>('GET', '/v1/kante/audit/verify', { timeoutMs: 300_000 })
    if (ctx.isJson) ctx.printJson(verdict)
    else if (verdict.ok) {
      ctx.print(`${verdict.records} records are whole and as they were written${verdict.first > 1 ? `, from ${verdict.first} on` : ''}`)
      if (verdict.head !== '') ctx.print(`Head: ${verdict.head}`)
    } else ctx.print(`The audit log is not as it was written: ${verdict.problem ?? 'it is damaged'}`)
    return verdict.ok ? 0 : 1
  },
})
