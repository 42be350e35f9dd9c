import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { changeRegions, regionsFlags } from './change-regions.ts'

export const command = defineCommand({
  description:
    'Adds regions to the region pool of an app. The number of machines stays: it is spread evenly over the pool, new machines first, the old ones end when those answer.',
  flags: regionsFlags,
  args: { region: rest('Region codes, see `kante platform regions`', { min: 1 }) },
  examples: ['kante regions add cdg', 'kante regions add cdg,iad'],
  run: (ctx, { flags, args }) => changeRegions(ctx, flags, 'add', args.region),
})
