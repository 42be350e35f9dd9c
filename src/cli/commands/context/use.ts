import { readContexts, writeContexts } from '../../api/contexts-file.ts'
import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { UsageError } from '../../framework/usage-error.ts'

export const command = defineCommand({
  flags: {},
  args: { name: required('Name of the context', 'NAME') },
  run: async (ctx, { args }) => {
    const saved = await readContexts(ctx.paths.contextsFile)
    if (args.name !== 'local' && !Object.hasOwn(saved.contexts, args.name))
      throw new UsageError(`no context "${args.name}"`, '`kante context list` shows them')
    await writeContexts(ctx.paths.contextsFile, { ...saved, current: args.name })
    ctx.print(`Requests go to ${args.name} now`)
  },
})
