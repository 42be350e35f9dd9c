import type { PlatformPaths } from '../../kit/platform-paths.ts'
import type { CliContext } from '../context.ts'
import { defineCommand } from '../framework/define-command.ts'
import { toggle } from '../framework/flag.ts'
import { jsonFlag, yesFlag } from '../framework/shared-flags.ts'
import { confirmDestroying } from '../output/confirm.ts'
import { lockHome } from '../platform/home-lock.ts'
import { pathsWithData, stopPlatform, type Stopped } from '../platform/stop-platform.ts'

export const command = defineCommand({
  description: `Stops the platform on this computer: the daemon, every machine and every edge, also when the daemon is dead already.
The data stays, and \`kante up\` brings the machines back. With --purge it is deleted: apps, releases, logs, the token and the master key.`,
  flags: { purge: toggle({ help: 'Delete the data, too' }), ...yesFlag, ...jsonFlag },
  args: {},
  examples: ['kante down', 'kante down --purge --yes'],
  run: async (ctx, { flags }) => {
    const paths = await pathsWithData(ctx.paths)
    if (flags.purge) await confirmDestroying(ctx, flags.yes, `This deletes all data of the platform in ${paths.home} (${paths.data})`)
    const stopped = await stopAndPurge(ctx, paths, flags.purge)
    if (ctx.isJson) return ctx.printJson({ ...stopped, purged: flags.purge })
    const isNothing = !stopped.daemon && stopped.keepers.length === 0 && stopped.orphans === 0
    ctx.print(
      `${isNothing ? 'No platform ran.' : 'The platform is down.'}${flags.purge ? ' Its data is deleted.' : isNothing ? '' : ' Its data stays.'}`,
    )
  },
})

async function stopAndPurge(ctx: CliContext, paths: PlatformPaths, isPurge: boolean): Promise<Stopped> {
  await using _lock = await lockHome(ctx, paths.home)
  const stopped = await stopPlatform(ctx)
  if (isPurge) {
    const { purgePlatform } = await import('../platform/purge.ts')
    await purgePlatform(paths)
  }
  return stopped
}
