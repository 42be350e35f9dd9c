import type { MachineJson } from '../../../protocol/machines-api.ts'
import { listMachines } from '../../api/machines.ts'
import { appNameOf } from '../../app-name.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { text } from '../../framework/flag.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'
import { ago } from '../../output/ago.ts'
import { renderTable } from '../../output/table.ts'

interface Row {
  readonly machine: MachineJson
  readonly check: MachineJson['checks'][number]
}

export const command = defineCommand({
  description: 'Lists the health checks of an app’s machines. With --json: checks by machine id.',
  flags: { ...appFlags, ...jsonFlag, 'check-name': text({ help: 'Filter checks by name' }) },
  args: {},
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const wanted = flags['check-name']
    const machines = await listMachines(await ctx.api(), app)
    const rows = machines.flatMap((machine) =>
      machine.checks.filter((check) => wanted === undefined || check.name === wanted).map((check): Row => ({ machine, check })),
    )
    if (ctx.isJson) {
      const byMachine = Map.groupBy(rows, (row) => row.machine.id)
      return ctx.printJson(Object.fromEntries([...byMachine].map(([id, of]) => [id, of.map((row) => row.check)])))
    }
    if (rows.length === 0) return ctx.print(`App ${app} has no health checks${wanted === undefined ? '' : ` named ${wanted}`}.`)
    const now = ctx.clock.now()
    ctx.print(
      renderTable<Row>(
        [
          ['name', (row) => row.check.name],
          ['status', (row) => row.check.status],
          ['machine', (row) => row.machine.id],
          ['region', (row) => row.machine.region],
          ['last updated', (row) => ago(row.check.updated_at, now)],
          ['output', (row) => row.check.output.slice(0, 200)],
        ],
        rows,
      ),
    )
  },
})
