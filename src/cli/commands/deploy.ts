import { deployFlags, targetFlags } from '../deploy/deploy-flags.ts'
import { runDeploy } from '../deploy/run-deploy.ts'
import { optional } from '../framework/argument.ts'
import { defineCommand } from '../framework/define-command.ts'
import { toggle } from '../framework/flag.ts'
import { appFlags, jsonFlag, yesFlag } from '../framework/shared-flags.ts'

export const command = defineCommand({
  description: `Ships the project of fly.toml and replaces the machines of the app by machines of the new release. A deploy that fails is undone: every machine has its former image, config and size again.
Strategies: rolling (some machines at a time, each healthy before the next), immediate (all, without waiting), canary (one extra machine first, then rolling), bluegreen (a new machine for each, then requests change over).
Ctrl-C calls a deploy off before it touches a machine; later the deploy goes on without you.`,
  flags: {
    ...appFlags,
    ...jsonFlag,
    ...yesFlag,
    ...deployFlags,
    ...targetFlags,
    detach: toggle({ help: 'Return as soon as the deploy has begun' }),
    'remote-only': toggle({ help: 'Prepare the release on the platform; it always is, so scripts written for flyctl may say so' }),
  },
  args: { dir: optional('Folder with the project', 'WORKING_DIRECTORY') },
  examples: [
    'kante deploy',
    'kante deploy --strategy bluegreen',
    'kante deploy --only-regions fra --max-unavailable 2',
    'kante deploy --image bundle@sha256:…',
  ],
  run: async (ctx, { flags, args, given }) => {
    const deploy = await runDeploy(ctx, {
      app: flags.app,
      config: flags.config,
      dir: args.dir,
      flags,
      given,
      targets: {
        regions: [...flags['only-regions'], ...flags.regions],
        excludeRegions: [...flags['exclude-regions']],
        machines: [...flags['only-machines']],
        excludeMachines: [...flags['exclude-machines']],
        groups: [...flags['process-groups']],
        updateOnly: flags['update-only'],
      },
      isDetached: flags.detach,
    })
    if (ctx.isJson) ctx.printJson(deploy)
  },
})
