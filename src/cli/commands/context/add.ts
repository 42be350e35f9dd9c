import { readContexts, writeContexts, type SavedContext } from '../../api/contexts-file.ts'
import { checkDestination } from '../../api/ssh-tunnel.ts'
import { defaultApiPort, parseApiAddress } from '../../api/target.ts'
import { readTokenOverSsh } from '../../api/token-over-ssh.ts'
import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { integer, text, toggle } from '../../framework/flag.ts'
import { UsageError } from '../../framework/usage-error.ts'

export const command = defineCommand({
  description: `Remembers a platform on another computer. With --ssh, requests go through \`ssh -W\` to its API on that computer's loopback; the token is
read once by running \`kante auth token\` there. With --api, give the token by --access-token. Tokens are stored in contexts.json, mode 0600.`,
  flags: {
    ssh: text({ help: 'Reach it over SSH', placeholder: 'user@host' }),
    api: text({ help: 'Reach its API at an address', placeholder: 'url' }),
    'api-port': integer({ help: 'Port of the API over there, with --ssh (default 4280)', min: 1, max: 65_535 }),
    'remote-command': text({ help: 'The kante program over there', byDefault: 'kante' }),
    use: toggle({ help: 'Use it from now on' }),
    'access-token': text({ short: 't', help: 'API access token' }),
  },
  args: { name: required('Name of the context', 'NAME') },
  examples: ['kante context add berlin --ssh deploy@edge1.example.net --use', 'kante context add ci --api https://kante.example.net -t TOKEN'],
  run: async (ctx, { flags, args }) => {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(args.name) || args.name === 'local')
      throw new UsageError(`found "${args.name}", allowed are letters, digits, dots and dashes, and not "local"`)
    if ((flags.ssh === undefined) === (flags.api === undefined)) throw new UsageError('either --ssh user@host or --api URL is needed')
    const saved = await readContexts(ctx.paths.contextsFile)
    const apiPort = flags['api-port'] ?? defaultApiPort
    let context: SavedContext
    if (flags.ssh === undefined) {
      const { address } = parseApiAddress('--api', flags.api ?? '')
      const token = flags['access-token']
      if (token === undefined)
        throw new UsageError('--api needs the token of that platform', 'pass it with --access-token; `kante auth token` prints it over there')
      context = { api: address, apiPort, token }
    } else {
      const ssh = checkDestination(flags.ssh)
      ctx.progress(`Reading the token of the platform at ${ssh} …`)
      const token = flags['access-token'] ?? (await readTokenOverSsh(ssh, flags['remote-command'], ctx))
      context = { ssh, apiPort, token }
    }
    await writeContexts(ctx.paths.contextsFile, {
      current: flags.use ? args.name : saved.current,
      contexts: { ...saved.contexts, [args.name]: context },
    })
    ctx.print(`Added context ${args.name}${flags.use ? ' and using it now' : `; \`kante context use ${args.name}\` makes requests go there`}`)
  },
})
