import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { changeRegions, regionsFlags } from './change-regions.ts'

export const command = defineCommand({
  description:
    'Takes regions out of the region pool of an app. Their machines move to the regions that are left: new machines first, the old ones end when those answer.',
  flags: regionsFlags,
  args: { region: rest('Region codes, see `kante platform regions`', { min: 1 }) },
  examples: ['kante regions remove cdg'],
  run: (ctx, { flags, args }) => changeRegions(ctx, flags, 'remove', args.region),
})
