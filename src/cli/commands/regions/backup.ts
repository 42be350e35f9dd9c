import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { changeRegions, regionsFlags } from './change-regions.ts'

export const command = defineCommand({
  description: `Sets the backup regions of an app: where a new machine goes when no host of its region answers, the nearest first. Without a region there are
none, as at the start.`,
  flags: regionsFlags,
  args: { region: rest('Region codes, see `kante platform regions`') },
  examples: ['kante regions backup iad'],
  run: (ctx, { flags, args }) => changeRegions(ctx, flags, 'backup', args.region),
})
