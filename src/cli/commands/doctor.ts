import { defineCommand } from '../framework/define-command.ts'
import { jsonFlag } from '../framework/shared-flags.ts'
import { styleFor } from '../output/style.ts'
import { examine, type Finding } from '../platform/examine.ts'

const marks: Readonly<Record<Finding['status'], string>> = { ok: '✓', warning: '!', failed: '✗' }

export const command = defineCommand({
  description: `Looks at what Kante needs on this computer and at the platform that runs here, and says how to mend what is wrong.
Exits with 1 when something does not work.`,
  flags: jsonFlag,
  args: {},
  run: async (ctx) => {
    const findings: Finding[] = []
    const style = styleFor(ctx.stdout, ctx.env)
    const paint = { ok: style.green, warning: style.yellow, failed: style.red }
    for await (const finding of examine(ctx)) {
      findings.push(finding)
      if (ctx.isJson) continue
      ctx.print(`${paint[finding.status](marks[finding.status])} ${finding.what}: ${finding.found}`)
      if (finding.fix !== undefined) ctx.print(`    ${finding.fix}`)
    }
    if (ctx.isJson) ctx.printJson(findings)
    return findings.some((finding) => finding.status === 'failed') ? 1 : 0
  },
})
