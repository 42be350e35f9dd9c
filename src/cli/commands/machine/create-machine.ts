import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { MachineConfig } from '../../../model/machine/machine-config.ts'
import type { MachineJson } from '../../../protocol/machines-api.ts'
import { appPath } from '../../api/machines.ts'
import { appNameOf } from '../../app-name.ts'
import type { CliContext } from '../../context.ts'
import { UsageError } from '../../framework/usage-error.ts'
import { configOfFlags, type MachineFlagValues } from './config-of-flags.ts'

export interface Created {
  readonly app: string
  readonly machine: MachineJson
}
/** What `machine run` and `machine create` share: from flags to a machine that exists. */
export async function createMachine(
  ctx: CliContext,
  flags: MachineFlagValues,
  words: { readonly image: string | undefined; readonly command: readonly string[] },
  options: { readonly skipLaunch: boolean },
): Promise<Created> {
  const app = await appNameOf(ctx, flags)
  const base = await readMachineConfig(ctx, flags['machine-config'])
  const image = words.image ?? base?.image
  if (image === undefined) throw new UsageError('which image?', 'name it as the first argument, or in --machine-config')
  const machine = await (
    await ctx.api()
  ).request<MachineJson>('POST', `${appPath(app)}/machines`, {
    body: {
      config: configOfFlags(image, words.command, flags, base),
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(flags.region === undefined ? {} : { region: flags.region }),
      ...(options.skipLaunch ? { skip_launch: true } : {}),
    },
    signal: ctx.signal,
  })
  return { app, machine }
}

/** --machine-config: JSON itself, or a file that holds it. */
export async function readMachineConfig(ctx: CliContext, given: string | undefined): Promise<Partial<MachineConfig> | undefined> {
  if (given === undefined) return undefined
  const text = given.trimStart().startsWith('{') ? given : await readFile(resolve(ctx.cwd, given), 'utf8')
  try {
    const found: unknown = JSON.parse(text)
    if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new UsageError('--machine-config: neither a JSON object nor a file that holds one')
}
