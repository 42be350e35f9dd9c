import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { resize, resizeFlags } from './resize.ts'
import { megabytesOf, vmMemoryFlag } from './vm-flags.ts'

export const command = defineCommand({
  description: `Gives the machines of an app another size: one after the other, each drained first and healthy before the next. Later deploys keep the size,
unless fly.toml has a [[vm]] section, which counts more.`,
  flags: { ...resizeFlags, ...vmMemoryFlag },
  args: { size: required('A size, see `kante platform vm-sizes`') },
  examples: ['kante scale vm shared-cpu-2x', 'kante scale vm performance-1x --vm-memory 4096'],
  run: (ctx, { flags, args }) =>
    resize(ctx, flags, {
      size: args.size,
      ...(flags['vm-memory'] === undefined ? {} : { memoryMb: megabytesOf('--vm-memory', flags['vm-memory']) }),
    }),
})
