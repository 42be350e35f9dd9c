import { createWriteStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { syncFolder } from '../../kit/durable-file.ts'
import { required } from '../framework/argument.ts'
import { defineCommand } from '../framework/define-command.ts'
import { jsonFlag } from '../framework/shared-flags.ts'

export const command = defineCommand({
  description: `Writes a backup of the running platform to a file: its records and the bundles of kept releases, as of one moment.
Not in it: the master key (\`kante keys export\`), the token, logs, and what machines wrote.`,
  flags: jsonFlag,
  args: { file: required('File to write', 'FILE') },
  examples: ['kante backup platform.backup'],
  run: async (ctx, { args }) => {
    const path = resolve(ctx.cwd, args.file)
    const temporary = `${path}.${process.pid}.tmp`
    ctx.progress('Writing the backup …')
    try {
      const answer = await (await ctx.api()).download('/v1/kante/backup', { signal: ctx.signal })
      await pipeline(answer, createWriteStream(temporary, { flags: 'wx', mode: 0o600 }))
      const file = await open(temporary, 'r+')
      try {
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, path)
      await syncFolder(dirname(path))
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    const { size } = await stat(path)
    if (ctx.isJson) ctx.printJson({ file: path, bytes: size })
    else
      ctx.print(
        `Wrote ${path} (${(size / 1_048_576).toFixed(1)} MB). The master key is not in it: \`kante keys export FILE\`; nor is what machines wrote.`,
      )
  },
})
