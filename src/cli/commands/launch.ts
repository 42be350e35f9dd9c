import { optional } from '../framework/argument.ts'
import { defineCommand } from '../framework/define-command.ts'
import { integer, text, toggle } from '../framework/flag.ts'
import { jsonFlag, orgFlag, regionFlag, yesFlag } from '../framework/shared-flags.ts'
import { UsageError } from '../framework/usage-error.ts'
import { deployFlags } from '../deploy/deploy-flags.ts'
import { runDeploy } from '../deploy/run-deploy.ts'
import { runLaunch } from '../launch/run-launch.ts'

export const command = defineCommand({
  description:
    'Finds out what the project here is (Node.js, Bun, Deno, Python, Go, a static site, or what its Dockerfile says), creates an app for it, writes fly.toml, Dockerfile and .dockerignore where they are missing, and deploys it. Files that are there stay as they are.',
  flags: {
    ...jsonFlag,
    ...yesFlag,
    ...orgFlag,
    ...regionFlag,
    ...deployFlags,
    config: text({ short: 'c', help: 'Path to application configuration file' }),
    name: text({ help: 'Name of the new app' }),
    'generate-name': toggle({ help: 'Always generate a name for the app' }),
    'copy-config': toggle({ help: 'Use the fly.toml that is there; it is used without this flag, too' }),
    'internal-port': integer({ help: 'Port that the program listens on', min: 1, max: 65_535 }),
    'no-deploy': toggle({ help: 'Do not deploy the new app' }),
    now: toggle({ help: 'Deploy the new app; the default' }),
  },
  args: { dir: optional('Folder with the project', 'WORKING_DIRECTORY') },
  examples: ['kante launch --no-deploy', 'kante launch --name my-edge-app --region fra', 'kante launch --image bundle@sha256:… --internal-port 3000'],
  run: async (ctx, { flags, args, given }) => {
    if (flags['no-deploy'] && flags.now) throw new UsageError('--now and --no-deploy exclude each other')
    if (flags['generate-name'] && flags.name !== undefined) throw new UsageError('--name and --generate-name exclude each other')
    const launched = await runLaunch(ctx, {
      dir: args.dir,
      config: flags.config,
      name: flags.name,
      isNameGenerated: flags['generate-name'],
      region: flags.region,
      org: flags.org,
      image: flags.image,
      dockerfile: flags.dockerfile,
      internalPort: flags['internal-port'],
      env: flags.env,
      random: Math.random,
    })
    if (flags['no-deploy']) {
      if (ctx.isJson) return ctx.printJson(launched)
      return ctx.print(`${launched.app} is ready: \`kante deploy\` brings it up.`)
    }
    const deploy = await runDeploy(ctx, {
      app: launched.app,
      config: launched.config,
      dir: args.dir,
      flags,
      given,
      isDetached: false,
    })
    if (ctx.isJson) ctx.printJson(deploy)
  },
})
