import { appNameOf } from '../../app-name.ts'
import { listMachines } from '../../api/machines.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { toggle } from '../../framework/flag.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'
import { renderMachines } from '../../output/machine-table.ts'

export const command = defineCommand({
  flags: { ...appFlags, ...jsonFlag, quiet: toggle({ short: 'q', help: 'Only list machine ids' }) },
  args: {},
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const machines = await listMachines(await ctx.api(), app)
    if (ctx.isJson) return ctx.printJson(machines)
    if (flags.quiet) {
      for (const machine of machines) ctx.print(machine.id)
      return
    }
    ctx.print(machines.length === 0 ? `App ${app} has no machines.` : renderMachines(machines, ctx.clock.now(), ctx.stdout))
  },
})
