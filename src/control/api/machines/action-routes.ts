import { z } from 'zod'
import type { InstanceId } from '../../../model/ids.ts'
import { machineStates, type MachineState } from '../../../model/machine/machine-state.ts'
import type { WaitOptions } from '../../../protocol/host-port.ts'
import { execReply, execRequest, faultReply, okReply, signalRequest, startReply, stopRequest, waitReply } from '../../../protocol/machines-api.ts'
import { fault } from '../../../model/fault/fault.ts'
import { json, route, type Route } from '../route.ts'
import type { MachineServices } from '../services.ts'
import { guardOf, isTrue, listOf, stopTimeoutMs } from './machine-input.ts'
import { ask } from './machine-routes.ts'
import { splitWords } from './split-words.ts'

const machinePath = '/v1/apps/:app/machines/:id'
const replies = {
  200: { description: 'done, or on its way', schema: okReply },
  404: { description: 'no such machine', schema: faultReply },
  409: { description: 'leased by another', schema: faultReply },
  412: { description: 'not possible in its state', schema: faultReply },
} as const
const ok = json({ ok: true })
const longestExecMs = 60_000
const longestWaitMs = 60_000

/** What is done with a machine (flyctl-contract §3.3): start, stop, suspend, restart, signal, exec, wait, cordon, uncordon. */
export function actionRoutes(services: MachineServices): readonly Route[] {
  const find = (context: Parameters<Route['handle']>[0], params: { readonly app: string; readonly id: string }) =>
    context.scope.machine(context.scope.app(params.app), params.id)
  return [
    route({
      method: 'POST',
      path: `${machinePath}/start`,
      tag: 'machines',
      access: 'deploy',
      summary: 'Start or resume a machine',
      replies: { ...replies, 200: { description: 'starting, or started already', schema: startReply } },
      async handle(context, { params }) {
        const { previousState } = await ask(services, find(context, params), (host) => host.startMachine(params.id as never, guardOf(context)))
        return json({ previous_state: previousState, migrated: false, new_host: '' })
      },
    }),
    route({
      method: 'POST',
      path: `${machinePath}/stop`,
      tag: 'machines',
      access: 'deploy',
      summary: 'Stop a machine; its memory is lost, a suspended one’s too',
      body: stopRequest,
      isBodyOptional: true,
      replies,
      async handle(context, { params, body }) {
        await ask(services, find(context, params), (host) => host.stopMachine(params.id as never, { ...guardOf(context), ...stopOptionsOf(body) }))
        return ok
      },
    }),
    route({
      method: 'POST',
      path: `${machinePath}/suspend`,
      tag: 'machines',
      access: 'deploy',
      summary: 'Freeze a machine with its memory',
      replies,
      async handle(context, { params }) {
        await ask(services, find(context, params), (host) => host.suspendMachine(params.id as never, guardOf(context)))
        return ok
      },
    }),
    route({
      method: 'POST',
      path: `${machinePath}/restart`,
      tag: 'machines',
      access: 'deploy',
      summary: 'Stop and start a machine',
      query: z.object({ timeout: z.string().max(64).optional(), signal: z.string().max(16).optional(), force_stop: z.string().optional() }),
      replies,
      async handle(context, { params, query }) {
        await ask(services, find(context, params), (host) =>
          host.restartMachine(params.id as never, { ...guardOf(context), ...stopOptionsOf(query), forceStop: isTrue(query.force_stop) }),
        )
        return ok
      },
    }),
    route({
      method: 'POST',
      path: `${machinePath}/signal`,
      tag: 'machines',
      access: 'deploy',
      summary: 'Signal the main process: a name or a number',
      body: signalRequest,
      replies,
      async handle(context, { params, body }) {
        await ask(services, find(context, params), (host) => host.signalMachine(params.id as never, { ...guardOf(context), signal: body.signal }))
        return ok
      },
    }),
    ...(['cordon', 'uncordon'] as const).map((action) =>
      route({
        method: 'POST',
        path: `${machinePath}/${action}` as const,
        tag: 'machines',
        access: 'deploy',
        summary: action === 'cordon' ? 'Take a machine out of the edges’ choice' : 'Let the edges choose a machine again',
        replies,
        async handle(context, { params }) {
          await ask(services, find(context, params as never), (host) =>
            host.cordonMachine((params as { id: string }).id as never, { ...guardOf(context), cordoned: action === 'cordon' }),
          )
          return ok
        },
      }),
    ),
    route({
      method: 'POST',
      path: `${machinePath}/exec`,
      tag: 'machines',
      access: 'deploy',
      summary: 'Run a command in a machine; an exit code other than 0 is still an answer',
      body: execRequest,
      replies: { ...replies, 200: { description: 'what it printed', schema: execReply } },
      async handle(context, { params, body }) {
        const found = find(context, params)
        const argv = body.command ?? splitWords(body.cmd ?? '')
        if (argv.length === 0) throw fault('invalid_body', { problems: ['cmd: no command in it'] })
        return json(
          await services.orders.host(found.host).execMachine(found.id, {
            ...guardOf(context),
            argv,
            timeoutMs: body.timeout ? body.timeout * 1000 : longestExecMs,
            ...(body.stdin === undefined ? {} : { stdin: body.stdin }),
          }),
        )
      },
    }),
    route({
      method: 'GET',
      path: `${machinePath}/wait`,
      tag: 'machines',
      access: 'read',
      summary: 'Wait until a machine is in a state, for up to 60 s',
      query: z.object({
        state: z.union([z.string(), z.array(z.string())]).default('started'),
        timeout: z.coerce.number().min(0).optional(),
        version: z.string().max(64).optional(),
        instance_id: z.string().max(64).optional(),
        from_event_id: z.string().max(64).optional(),
      }),
      replies: { 200: { description: 'it is', schema: waitReply }, 404: replies[404], 408: { description: 'it is not yet', schema: faultReply } },
      async handle(context, { params, query }) {
        const found = find(context, params)
        const instanceId = query.version ?? query.instance_id
        const options: WaitOptions = {
          states: waitStatesOf(listOf(query.state)),
          timeoutMs: Math.min(longestWaitMs, Math.max(1, query.timeout ?? 60) * 1000),
          signal: context.signal,
          ...(instanceId ? { instanceId: instanceId as InstanceId } : {}),
          ...(query.from_event_id ? { fromEventId: query.from_event_id } : {}),
        }
        const { observed, events } = await services.orders.host(found.host).waitMachine(found.id, options)
        return json({ ok: true, state: observed.state, version: observed.instanceId, event_id: events[0]?.id ?? '' })
      },
    }),
  ]
}

/** A created machine counts as stopped: clients wait for that after skip_launch (flyctl-contract §3.9). */
function waitStatesOf(texts: readonly string[]): readonly (MachineState | 'settled')[] {
  const states = new Set<MachineState | 'settled'>()
  for (const text of texts) {
    if (text === 'any') for (const state of machineStates) states.add(state)
    else if (text === 'settled' || (machineStates as readonly string[]).includes(text)) states.add(text as MachineState | 'settled')
    else throw fault('invalid_value', { field: 'state', found: text, rule: `one of ${[...machineStates, 'settled', 'any'].join(', ')}` })
    if (text === 'stopped') states.add('created')
  }
  return [...states]
}

function stopOptionsOf(body: { readonly signal?: string | number | undefined; readonly timeout?: string | number | null | undefined }) {
  const timeoutMs = stopTimeoutMs(body.timeout)
  return { ...(body.signal === undefined || body.signal === '' ? {} : { signal: body.signal }), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
}
