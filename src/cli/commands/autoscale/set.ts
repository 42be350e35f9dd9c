import { defineCommand } from '../../framework/define-command.ts'
import { autoscaleFlags, boundsArgs, setAutoscale } from './set-autoscale.ts'

export const command = defineCommand({
  description:
    'Changes the bounds of an app that is autoscaled. When more machines exist than max allows, or fewer than min, that is put right at once.',
  flags: autoscaleFlags,
  args: boundsArgs,
  examples: ['kante autoscale set max=20'],
  run: (ctx, { flags, args }) => setAutoscale(ctx, flags, args.bounds),
})
