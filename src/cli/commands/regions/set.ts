import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { changeRegions, regionsFlags } from './change-regions.ts'

export const command = defineCommand({
  description: 'Replaces the region pool of an app. The number of machines stays: it is spread evenly over the new pool.',
  flags: regionsFlags,
  args: { region: rest('Region codes, see `kante platform regions`', { min: 1 }) },
  examples: ['kante regions set fra cdg'],
  run: (ctx, { flags, args }) => changeRegions(ctx, flags, 'set', args.region),
})
