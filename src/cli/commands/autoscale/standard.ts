import { defineCommand } from '../../framework/define-command.ts'
import { autoscaleFlags, boundsArgs, setAutoscale } from './set-autoscale.ts'

export const command = defineCommand({
  description: 'As `kante autoscale balanced`, but machines are spread evenly over the regions of the pool, wherever the load comes from.',
  flags: autoscaleFlags,
  args: boundsArgs,
  examples: ['kante autoscale standard min=3 max=9'],
  run: (ctx, { flags, args }) => setAutoscale(ctx, flags, args.bounds, 'standard'),
})
