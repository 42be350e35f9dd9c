import { readContexts, writeContexts } from '../../api/contexts-file.ts'
import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { UsageError } from '../../framework/usage-error.ts'

export const command = defineCommand({
  description: 'Forgets a context and its token. The platform itself is not touched.',
  flags: {},
  args: { name: required('Name of the context', 'NAME') },
  run: async (ctx, { args }) => {
    const saved = await readContexts(ctx.paths.contextsFile)
    if (args.name === 'local') throw new UsageError('local is the platform of this computer and cannot be removed', '`kante down --purge` deletes it')
    if (!Object.hasOwn(saved.contexts, args.name)) throw new UsageError(`no context "${args.name}"`, '`kante context list` shows them')
    const { [args.name]: _gone, ...contexts } = saved.contexts
    await writeContexts(ctx.paths.contextsFile, { current: saved.current === args.name ? 'local' : saved.current, contexts })
    ctx.print(`Removed context ${args.name}`)
  },
})
