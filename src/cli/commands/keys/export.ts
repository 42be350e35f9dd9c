import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fault } from '../../../model/fault/fault.ts'
import { readIfThere } from '../../../kit/durable-file.ts'
import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'

export const command = defineCommand({
  description: `Writes the platform's master key to a file of mode 0600. Backups do not hold it: keep the file apart from them.
A file that exists already is not overwritten.`,
  flags: {},
  args: { file: required('File to write', 'FILE') },
  examples: ['kante keys export platform.key'],
  run: async (ctx, { args }) => {
    const key = await readIfThere(ctx.paths.masterKeyFile)
    if (key === undefined) throw fault('master_key_missing', { path: ctx.paths.masterKeyFile })
    const path = resolve(ctx.cwd, args.file)
    const file = await open(path, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EEXIST') throw fault('invalid_value', { field: 'FILE', found: path, rule: 'a file that does not exist yet' }, cause)
      throw cause
    })
    try {
      await file.writeFile(`${key.trim()}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    ctx.print(`Wrote the master key to ${path}`)
  },
})
