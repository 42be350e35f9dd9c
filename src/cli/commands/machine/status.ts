import type { MachineJson } from '../../../protocol/machines-api.ts'
import { appOfMachine, getMachine } from '../../api/machines.ts'
import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { toggle } from '../../framework/flag.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'
import { ago } from '../../output/ago.ts'
import { groupOf, stateOf } from '../../output/app-status.ts'
import { imageOf, sizeOf } from '../../output/machine-table.ts'
import { renderFields, renderTable } from '../../output/table.ts'

export const command = defineCommand({
  flags: { ...appFlags, ...jsonFlag, 'display-config': toggle({ short: 'd', help: 'Display the machine config as JSON' }) },
  args: { id: required('Machine id') },
  run: async (ctx, { flags, args }) => {
    const app = await appOfMachine(ctx, flags, args.id)
    const machine = await getMachine(await ctx.api(), app, args.id)
    if (ctx.isJson) return ctx.printJson(machine)
    ctx.print(renderMachine(machine, app, ctx.clock.now()))
    if (flags['display-config']) ctx.print(`\nConfig:\n${JSON.stringify(machine.config ?? machine.incomplete_config, null, 2)}`)
  },
})

function renderMachine(machine: MachineJson, app: string, nowMs: number): string {
  const fields = renderFields([
    ['Machine ID', machine.id],
    ['Instance ID', machine.instance_id],
    ['State', stateOf(machine)],
    ['App', app],
    ['Name', machine.name],
    ['Region', machine.region],
    ['Process group', groupOf(machine) || undefined],
    ['Image', imageOf(machine)],
    ['Size', sizeOf(machine) || undefined],
    ['Version', machine.version],
    ['Private IP', machine.private_ip || undefined],
    ['Created', machine.created_at],
    ['Updated', machine.updated_at],
  ])
  const checks = renderTable<MachineJson['checks'][number]>(
    [
      ['check', (check) => check.name],
      ['status', (check) => check.status],
      ['last updated', (check) => ago(check.updated_at, nowMs)],
      ['output', (check) => check.output.slice(0, 200)],
    ],
    machine.checks,
  )
  const events = renderTable<MachineJson['events'][number]>(
    [
      ['event', (event) => event.type],
      ['status', (event) => event.status],
      ['source', (event) => event.source],
      ['time', (event) => new Date(event.timestamp).toISOString()],
      ['info', exitInfo],
    ],
    machine.events,
  )
  return [fields, ...(machine.checks.length === 0 ? [] : [checks]), events].join('\n\n')
}

function exitInfo(event: MachineJson['events'][number]): string {
  const exit = event.request?.['exit_event'] as Readonly<Record<string, unknown>> | undefined
  if (exit === undefined) return ''
  return `exit_code=${String(exit['exit_code'])},oom_killed=${String(exit['oom_killed'])},requested_stop=${String(exit['requested_stop'])}`
}
