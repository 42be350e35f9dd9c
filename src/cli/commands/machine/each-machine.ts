import { appOfMachine, getMachine } from '../../api/machines.ts'
import type { ApiClient } from '../../api/api-client.ts'
import type { CliContext } from '../../context.ts'
import type { MachineJson } from '../../../protocol/machines-api.ts'

export interface Named {
  readonly api: ApiClient
  readonly app: string
  readonly machine: MachineJson
}
/** Does one thing to each machine named, one after the other; the first failure ends it. */
export async function forEachMachine(
  ctx: CliContext,
  flags: { readonly app: string | undefined; readonly config: string | undefined },
  ids: readonly string[],
  act: (named: Named) => Promise<void>,
): Promise<void> {
  const api = await ctx.api()
  for (const id of ids) {
    const app = await appOfMachine(ctx, flags, id)
    await act({ api, app, machine: await getMachine(api, app, id) })
  }
}
