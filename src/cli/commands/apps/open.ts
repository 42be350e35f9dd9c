import { spawn } from 'node:child_process'
import { fault } from '../../../model/fault/fault.ts'
import type { AppStatus } from '../../../protocol/kante-api.ts'
import { appNameOf } from '../../app-name.ts'
import { optional } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags } from '../../framework/shared-flags.ts'

export const command = defineCommand({
  description: 'Prints the address of an app and, on a desktop, opens it in the browser.',
  flags: appFlags,
  args: { path: optional('Path below the address', 'RELATIVE_URI') },
  run: async (ctx, { flags, args }) => {
    const app = await appNameOf(ctx, flags)
    const status = await (await ctx.api()).request<AppStatus>('GET', `/v1/kante/apps/${encodeURIComponent(app)}/status`)
    const base = status.urls.find((each) => each.region === status.primaryRegion) ?? status.urls[0]
    if (base === undefined) throw fault('never_deployed', { app })
    const url = new URL(args.path ?? '/', `${base.url}/`)
    // A path such as //elsewhere must not lead to another site.
    url.host = new URL(base.url).host
    ctx.print(url.href)
    if (!ctx.stdout.isTty) return
    await openInBrowser(url.href).catch(() => ctx.progress('No browser could be started; open the address yourself.'))
  },
})

function openInBrowser(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [url], { stdio: 'ignore', detached: true })
    child.once('error', reject)
    child.once('spawn', () => {
      child.unref()
      resolve()
    })
  })
}
