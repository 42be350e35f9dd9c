import { appNameOf } from '../../app-name.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { toggle } from '../../framework/flag.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'
import { ago } from '../../output/ago.ts'
import { renderTable } from '../../output/table.ts'

interface Release {
  readonly version: number
  readonly status: string
  readonly strategy: string
  readonly image: string
  readonly createdBy: string
  readonly createdAt: string
}

export const command = defineCommand({
  flags: { ...appFlags, ...jsonFlag, image: toggle({ help: 'Display the image reference of the release' }) },
  args: {},
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const { releases } = await (
      await ctx.api()
    ).request<{ readonly releases: readonly Release[] }>('GET', `/v1/kante/apps/${encodeURIComponent(app)}/releases`)
    if (ctx.isJson) return ctx.printJson(releases)
    if (releases.length === 0) return ctx.print(`App ${app} has no releases yet; \`kante deploy\` makes one.`)
    const now = ctx.clock.now()
    ctx.print(
      renderTable<Release>(
        [
          ['version', (release) => `v${release.version}`],
          ['status', (release) => release.status],
          ['strategy', (release) => release.strategy],
          ['user', (release) => release.createdBy],
          ['date', (release) => ago(release.createdAt, now)],
          ...(flags.image ? [['image', (release: Release) => release.image] as const] : []),
        ],
        releases,
      ),
    )
  },
})
