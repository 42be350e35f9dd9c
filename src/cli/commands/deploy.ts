import { optional } from '../framework/argument.ts'
import { defineCommand } from '../framework/define-command.ts'
import { choice, duration, pairs, text, toggle } from '../framework/flag.ts'
import { appFlags, jsonFlag, yesFlag } from '../framework/shared-flags.ts'
import { runDeploy } from '../deploy/run-deploy.ts'

export const deployFlags = {
  image: text({ short: 'i', help: 'The image to deploy instead of the project here' }),
  dockerfile: text({ help: 'Path to a Dockerfile; ./Dockerfile otherwise' }),
  env: pairs({ short: 'e', help: 'Set of environment variables' }),
  ha: toggle({ help: 'Create spare machines for a new process group', byDefault: true }),
  'wait-timeout': duration({ help: 'How long each machine may take to be up and healthy', byDefaultMs: 300_000 }),
  strategy: choice({ help: 'The strategy for replacing running machines', choices: ['rolling', 'immediate', 'canary', 'bluegreen'] }),
} as const

export const command = defineCommand({
  description:
    'Ships the project of fly.toml and replaces the machines of the app by machines of the new release, one after the other, each healthy before the next. A deploy that fails is undone.',
  flags: {
    ...appFlags,
    ...jsonFlag,
    ...yesFlag,
    ...deployFlags,
    detach: toggle({ help: 'Return as soon as the deploy has begun' }),
  },
  args: { dir: optional('Folder with the project', 'WORKING_DIRECTORY') },
  examples: ['kante deploy', 'kante deploy --ha=false', 'kante deploy -e LOG_LEVEL=debug --wait-timeout 2m'],
  run: async (ctx, { flags, args, given }) => {
    const deploy = await runDeploy(ctx, {
      app: flags.app,
      config: flags.config,
      dir: args.dir,
      image: flags.image,
      dockerfile: flags.dockerfile,
      strategy: flags.strategy,
      env: flags.env,
      isHa: flags.ha,
      isDetached: flags.detach,
      waitTimeoutMs: given('wait-timeout') ? flags['wait-timeout'] : undefined,
    })
    if (ctx.isJson) ctx.printJson(deploy)
  },
})
