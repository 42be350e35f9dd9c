import type { MachineJson } from '../../../protocol/machines-api.ts'
import { fault } from '../../../model/fault/fault.ts'
import { appOfMachine, getMachine, machinePath, waitForState } from '../../api/machines.ts'
import { waitForChecks } from '../../api/wait-for-checks.ts'
import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { duration, text, toggle } from '../../framework/flag.ts'
import { yesFlag } from '../../framework/shared-flags.ts'
import { readMachineConfig } from './create-machine.ts'
import { machineFlags } from './machine-flags.ts'
import { updateConfig } from './update-config.ts'

const { name: _name, region: _region, rm: _rm, ...changeFlags } = machineFlags
const runningStates: readonly string[] = ['started', 'starting', 'restarting']

export const command = defineCommand({
  description: `Changes the config of one machine. A running one restarts with it, and is waited for until it is started and its health checks pass; a stopped
one stays stopped. What no flag names stays. The next deploy gives machines of an app the app's config again.`,
  flags: {
    ...changeFlags,
    ...yesFlag,
    image: text({ short: 'i', help: 'The image' }),
    command: text({ short: 'C', help: 'The command, as one word' }),
    'skip-start': toggle({ help: 'Change the config without restarting the machine' }),
    'skip-health-checks': toggle({ help: 'Do not wait for health checks' }),
    'wait-timeout': duration({ help: 'How long to wait for the machine', byDefaultMs: 300_000 }),
  },
  args: { id: required('The machine') },
  examples: ['kante machine update 3d8d4e5f6a7b8c --vm-memory 1024', 'kante machine update 3d8d4e5f6a7b8c --autostop=off --env LEVEL=debug'],
  run: async (ctx, { flags, args, given }) => {
    const app = await appOfMachine(ctx, flags, args.id)
    const api = await ctx.api()
    const machine = await getMachine(api, app, args.id)
    if (machine.config === undefined) throw fault('host_unreachable', { host: machine.region, reason: 'the machine’s config cannot be read' })
    const config = updateConfig(machine.config, flags, given, await readMachineConfig(ctx, flags['machine-config']))
    const updated = await api.request<MachineJson>('POST', machinePath(app, machine.id), {
      body: { config, current_version: machine.instance_id, ...(flags['skip-start'] ? { skip_launch: true } : {}) },
      signal: ctx.signal,
      timeoutMs: flags['wait-timeout'],
    })
    if (runningStates.includes(machine.state) && !flags['skip-start']) {
      await waitForState(ctx, api, { app, id: machine.id, instanceId: updated.instance_id }, ['started'], flags['wait-timeout'])
      if (!flags['skip-health-checks']) await waitForChecks(ctx, api, app, machine.id, flags['wait-timeout'])
    }
    if (ctx.isJson) return ctx.printJson(await getMachine(api, app, machine.id))
    ctx.print(`${machine.id} has been updated`)
  },
})
