import { defineCommand } from '../../framework/define-command.ts'
import { autoscaleFlags, boundsArgs, setAutoscale } from './set-autoscale.ts'

export const command = defineCommand({
  description: `Keeps the number of existing machines between min and max by load. Machines are made in the region of the pool where the load comes from, when all
that exist run and are over their soft limit; one that has not been needed for long is destroyed. Which of them run is up to autostop.`,
  flags: autoscaleFlags,
  args: boundsArgs,
  examples: ['kante autoscale balanced min=1 max=10'],
  run: (ctx, { flags, args }) => setAutoscale(ctx, flags, args.bounds, 'balanced'),
})
