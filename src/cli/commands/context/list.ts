import { readContexts } from '../../api/contexts-file.ts'
import { defaultApiPort } from '../../api/target.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { jsonFlag } from '../../framework/shared-flags.ts'
import { loadPlatformFile } from '../../platform/load-platform-file.ts'
import { renderTable } from '../../output/table.ts'

interface Row {
  readonly name: string
  readonly address: string
  readonly isCurrent: boolean
}

export const command = defineCommand({
  description: 'Lists the platforms that this client knows: `local` is the one of KANTE_HOME.',
  flags: jsonFlag,
  args: {},
  run: async (ctx) => {
    const { current, contexts } = await readContexts(ctx.paths.contextsFile)
    const port = (await loadPlatformFile(ctx.paths.platformFile))?.apiPort ?? defaultApiPort
    const rows: readonly Row[] = [
      { name: 'local', address: `http://127.0.0.1:${port}`, isCurrent: current === 'local' },
      ...Object.entries(contexts).map(([name, saved]) => ({
        name,
        address: saved.ssh === undefined ? (saved.api ?? '') : `${saved.ssh} over SSH, port ${saved.apiPort}`,
        isCurrent: current === name,
      })),
    ]
    if (ctx.isJson) return ctx.printJson(rows.map((row) => ({ name: row.name, address: row.address, current: row.isCurrent })))
    ctx.print(
      renderTable<Row>(
        [
          ['', (row) => (row.isCurrent ? '*' : '')],
          ['name', (row) => row.name],
          ['address', (row) => row.address],
        ],
        rows,
      ),
    )
  },
})
