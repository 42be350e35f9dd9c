import type { MachineConfig } from '../../../model/machine/machine-config.ts'
import { fault } from '../../../model/fault/fault.ts'
import type { MachineJson } from '../../../protocol/machines-api.ts'
import { appOfMachine, appPath, getMachine, waitForState } from '../../api/machines.ts'
import { waitForChecks } from '../../api/wait-for-checks.ts'
import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { lists, pairs, text, toggle } from '../../framework/flag.ts'
import { appFlags, jsonFlag, regionFlag } from '../../framework/shared-flags.ts'
import { stateOf } from '../../output/app-status.ts'
import { renderFields } from '../../output/table.ts'
import { vmFlags } from '../scale/vm-flags.ts'
import { cloneConfig } from './clone-config.ts'
import { guestOfFlags } from './config-of-flags.ts'

const timeoutMs = 300_000

export const command = defineCommand({
  description: `Makes another machine with the config of one, in its region or in another, and waits until it is started and its health checks pass.
What the machine stands by for is not copied.`,
  flags: {
    ...appFlags,
    ...regionFlag,
    ...jsonFlag,
    ...vmFlags,
    name: text({ short: 'n', help: 'Name of the new machine. Will be generated if omitted.' }),
    env: pairs({ short: 'e', help: 'Environment variables; can be given many times' }),
    'override-cmd': text({ help: 'The command of the new machine' }),
    'clear-cmd': toggle({ help: 'Leave the command out, so that the image’s is run' }),
    'clear-auto-destroy': toggle({ help: 'The new machine is not destroyed when it exits' }),
    'standby-for': lists({ help: 'Machines that the new one stands by for; `source` is the one that is cloned' }),
    detach: toggle({ help: 'Return when the machine is created, without waiting for its start' }),
  },
  args: { id: required('The machine to clone') },
  examples: ['kante machine clone 3d8d4e5f6a7b8c --region cdg', 'kante machine clone 3d8d4e5f6a7b8c --standby-for source'],
  run: async (ctx, { flags, args }) => {
    const app = await appOfMachine(ctx, flags, args.id)
    const api = await ctx.api()
    const source = await getMachine(api, app, args.id)
    if (source.config === undefined) throw fault('host_unreachable', { host: source.region, reason: 'the machine’s config cannot be read' })
    const base = source.config as MachineConfig
    const config = cloneConfig(base, source.id, {
      env: flags.env,
      guest: guestOfFlags(flags, base.guest),
      command: flags['override-cmd'],
      clearsCommand: flags['clear-cmd'],
      clearsAutoDestroy: flags['clear-auto-destroy'],
      standbyFor: flags['standby-for'],
    })
    const isSpare = (config.standbys?.length ?? 0) > 0
    const region = flags.region ?? source.region
    ctx.progress(`Cloning machine ${source.id} of ${app} into ${region} …`)
    const made = await api.request<MachineJson>('POST', `${appPath(app)}/machines`, {
      body: { config, region, ...(flags.name === undefined ? {} : { name: flags.name }), ...(isSpare ? { skip_launch: true } : {}) },
      signal: ctx.signal,
    })
    if (!flags.detach && !isSpare) {
      await waitForState(ctx, api, { app, id: made.id }, ['started'], timeoutMs)
      await waitForChecks(ctx, api, app, made.id, timeoutMs)
    }
    const now = await getMachine(api, app, made.id)
    if (ctx.isJson) return ctx.printJson(now)
    ctx.print(
      renderFields([
        ['Machine ID', now.id],
        ['Name', now.name],
        ['Region', now.region],
        ['State', stateOf(now)],
      ]),
    )
  },
})
