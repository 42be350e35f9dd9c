import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { resize, resizeFlags } from './resize.ts'
import { megabytesOf } from './vm-flags.ts'

export const command = defineCommand({
  description: 'Gives the machines of an app more or less memory, as `kante scale vm` does; their CPUs stay. The size of the CPUs bounds it.',
  flags: resizeFlags,
  args: { memory: required('Megabytes, or with a unit as in 1gb') },
  examples: ['kante scale memory 1024', 'kante scale memory 2gb -g worker'],
  run: (ctx, { flags, args }) => resize(ctx, flags, { memoryMb: megabytesOf('memory', args.memory) }),
})
