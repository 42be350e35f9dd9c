import type { AppJson } from '../../protocol/machines-api.ts'
import { readContexts } from '../api/contexts-file.ts'
import { listMachines } from '../api/machines.ts'
import { orgOf } from '../api/org.ts'
import { findAppName } from '../app-name.ts'
import type { CliContext } from '../context.ts'
import { stateOf } from '../output/app-status.ts'
import { printable } from '../output/terminal-text.ts'
import type { Candidate, ValueKind, Values } from './complete-line.ts'

/** Longest that a shell waits after TAB for what only the platform knows. */
const timeoutMs = 2000

/** What the platform of a command line knows. A platform that is down, a wrong token, a missing file: then nothing is offered. */
export function openValues(ctx: CliContext): Values {
  return async (kind, typed) => {
    try {
      return (await read(ctx, kind, typed)).map(({ word, about }) => ({ word: printable(word), about: printable(about) }))
    } catch (error) {
      if (ctx.verbose) ctx.stderr.write(`${String(error)}\n`)
      return []
    }
  }
}

async function read(ctx: CliContext, kind: ValueKind, typed: ReadonlyMap<string, string>): Promise<readonly Candidate[]> {
  switch (kind) {
    case 'apps': {
      const api = await ctx.api()
      const query = { org_slug: await orgOf(api, typed.get('org')) }
      const { apps } = await api.request<{ readonly apps: readonly AppJson[] }>('GET', '/v1/apps', { query, timeoutMs })
      return apps.map((app) => ({ word: app.name, about: app.status }))
    }
    case 'machines': {
      const app = await findAppName(ctx, { app: typed.get('app'), config: typed.get('config') })
      if (app === undefined) return []
      const machines = await listMachines(await ctx.api(), app)
      return machines.map((machine) => ({ word: machine.id, about: `${stateOf(machine)} in ${machine.region}` }))
    }
    case 'regions': {
      const path = '/v1/platform/regions'
      const { Regions } = await (
        await ctx.api()
      ).request<{ readonly Regions: readonly { readonly code: string; readonly name: string }[] }>('GET', path, {
        timeoutMs,
      })
      return Regions.map((region) => ({ word: region.code, about: region.name }))
    }
    case 'orgs': {
      const { tokens } = await (
        await ctx.api()
      ).request<{ readonly tokens: readonly { readonly organization: string; readonly org_slug: string }[] }>('GET', '/v1/tokens/current', {
        timeoutMs,
      })
      return [...new Map(tokens.map((token) => [token.org_slug, { word: token.org_slug, about: token.organization }])).values()]
    }
    case 'contexts': {
      const { contexts } = await readContexts(ctx.paths.contextsFile)
      return ['local', ...Object.keys(contexts)].map((word) => ({ word, about: '' }))
    }
    case 'sizes':
      return (await import('../commands/platform/vm-sizes.ts')).sizeNames.map((word) => ({ word, about: '' }))
  }
}
