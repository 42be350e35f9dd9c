import type { AppJson } from '../../../protocol/machines-api.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { jsonFlag, orgFlag } from '../../framework/shared-flags.ts'
import { ago } from '../../output/ago.ts'
import { renderTable } from '../../output/table.ts'

export const command = defineCommand({
  flags: { ...jsonFlag, ...orgFlag },
  args: {},
  run: async (ctx, { flags }) => {
    const api = await ctx.api()
    const { apps } = await api.request<{ readonly apps: readonly AppJson[] }>('GET', '/v1/apps', { query: { org_slug: flags.org } })
    if (ctx.isJson) return ctx.printJson(apps)
    if (apps.length === 0) return ctx.print('No apps; `kante launch` makes one of the project here.')
    const now = ctx.clock.now()
    ctx.print(
      renderTable<AppJson>(
        [
          ['name', (app) => app.name],
          ['owner', (app) => app.organization.slug],
          ['status', (app) => app.status],
          ['machines', (app) => app.machine_count],
          ['created', (app) => ago(app.created_at, now)],
        ],
        apps,
      ),
    )
  },
})
