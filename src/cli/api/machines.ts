import { fault } from '../../model/fault/fault.ts'
import type { MachineJson } from '../../protocol/machines-api.ts'
import { appNameOf, findAppName } from '../app-name.ts'
import type { CliContext } from '../context.ts'
import type { ApiClient } from './api-client.ts'
import { ApiFault } from './api-fault.ts'

/** Longest wait that one request may ask for, seconds (flyctl-contract §3.3). */
const waitLimitS = 60

export const appPath = (app: string): string => `/v1/apps/${encodeURIComponent(app)}`
export const machinePath = (app: string, id: string): string => `${appPath(app)}/machines/${encodeURIComponent(id)}`

export const listMachines = (api: ApiClient, app: string): Promise<readonly MachineJson[]> => api.request('GET', `${appPath(app)}/machines`)
export const getMachine = (api: ApiClient, app: string, id: string): Promise<MachineJson> => api.request('GET', machinePath(app, id))

/** The app of a machine that was named without one: looked up in all orgs that the token reaches. Fault machine_not_found. */
export async function appOfMachine(
  ctx: CliContext,
  flags: { readonly app: string | undefined; readonly config: string | undefined },
  id: string,
): Promise<string> {
  const named = await findAppName(ctx, flags)
  if (named !== undefined) return named
  if (!/^[0-9a-f]{14}$/.test(id)) return appNameOf(ctx, flags)
  const api = await ctx.api()
  const { orgs } = await api.request<{ readonly orgs: readonly { readonly slug: string }[] }>('GET', '/v1/kante/orgs')
  for (const { slug } of orgs) {
    let cursor: string | undefined
    do {
      const page: { readonly machines: readonly { readonly id: string; readonly app_name: string }[]; readonly next_cursor?: string } =
        await api.request('GET', `/v1/orgs/${encodeURIComponent(slug)}/machines`, { query: { limit: 1000, summary: true, cursor } })
      const found = page.machines.find((machine) => machine.id === id)
      if (found !== undefined) return found.app_name
      cursor = page.next_cursor === '' ? undefined : page.next_cursor
    } while (cursor !== undefined)
  }
  throw fault('machine_not_found', { id })
}

/** Waits until the machine is in one of the states; longer waits are several requests. Fault wait_timeout. A machine that is gone counts as destroyed. */
export async function waitForState(
  ctx: Pick<CliContext, 'clock' | 'signal'>,
  api: ApiClient,
  machine: { readonly app: string; readonly id: string; readonly instanceId?: string },
  states: readonly string[],
  timeoutMs: number,
): Promise<string> {
  const deadline = ctx.clock.monotonic() + timeoutMs
  for (;;) {
    const leftMs = deadline - ctx.clock.monotonic()
    const timeoutS = Math.max(1, Math.min(waitLimitS, Math.ceil(leftMs / 1000)))
    try {
      const reply = await api.request<{ readonly state?: string } | undefined>('GET', `${machinePath(machine.app, machine.id)}/wait`, {
        query: { state: states, timeout: timeoutS, ...(machine.instanceId === undefined ? {} : { version: machine.instanceId }) },
        signal: ctx.signal,
        timeoutMs: (timeoutS + 15) * 1000,
      })
      return reply?.state ?? states[0] ?? ''
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      if (error.httpStatus === 404 && states.includes('destroyed')) return 'destroyed'
      if (error.httpStatus !== 408 || ctx.clock.monotonic() >= deadline) throw error
    }
  }
}
