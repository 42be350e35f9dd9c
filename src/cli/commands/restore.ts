import { resolve } from 'node:path'
import { readIfThere } from '../../kit/durable-file.ts'
import { required } from '../framework/argument.ts'
import { defineCommand } from '../framework/define-command.ts'
import { text } from '../framework/flag.ts'
import { jsonFlag } from '../framework/shared-flags.ts'
import { restorePlatform } from '../platform/restore-platform.ts'

export const command = defineCommand({
  description: `Makes a backup the data of this home, which must be down and have no data. The next \`kante up\` brings its apps back.
The master key is not in a backup: put it in place first, with \`kante keys import\`.`,
  flags: { data: text({ help: 'Folder for the data (by default data in KANTE_HOME)', placeholder: 'dir' }), ...jsonFlag },
  args: { file: required('File that `kante backup` wrote', 'FILE') },
  examples: ['kante keys import platform.key && kante restore platform.backup && kante up'],
  run: async (ctx, { flags, args }) => {
    ctx.progress('Restoring the backup …')
    const { header, layers } = await restorePlatform(
      ctx,
      resolve(ctx.cwd, args.file),
      flags.data === undefined ? undefined : resolve(ctx.cwd, flags.data),
    )
    const hasKey = ((await readIfThere(ctx.paths.masterKeyFile))?.trim() ?? '') !== ''
    if (ctx.isJson) return ctx.printJson({ ...header, layers, masterKey: hasKey })
    ctx.print(`Restored the backup of ${header.createdAt} with ${layers} layers. \`kante up\` brings its apps back.`)
    if (!hasKey) ctx.stderr.write('Warning: there is no master key yet; `kante keys import FILE` puts it in place\n')
  },
})
