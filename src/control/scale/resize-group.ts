import type { Guest } from '../../fly-toml/machine-guest.ts'
import type { App } from '../../model/app.ts'
import { isWarm } from '../../model/deploy/plan-deploy.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import { newInstanceId } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { DesiredMachine, ObservedMachine } from '../../model/machine/machine-record.ts'
import type { ResizeReply, ResizeRequest } from '../../protocol/kante-api.ts'
import { keys } from '../../store/keys.ts'
import type { Caller } from '../api/route.ts'
import { watchGate } from '../deploy/machine-gate.ts'
import { openMachineHands } from '../deploy/machine-hands.ts'
import type { OrgScope } from '../state/org-scope.ts'
import { changeGuest, isSameSize } from './change-guest.ts'
import { machinesOfGroup } from './group-machines.ts'
import { holdApp, type AppHold } from './hold-app.ts'
import type { ScaleDeps } from './scale-app.ts'

const gateMs = 120_000
const gates = { smoke: true, health: true } as const

/**
 * `scale vm`, `scale memory`: another size for the machines of a group, in place, one after the other: drained, updated, started, through a deploy's gates
 * before the next. When one does not make it, those touched get their former size again. A machine that does not run stays so. Later deploys keep the
 * size unless fly.toml has `[[vm]]` (platform-semantics §4.1). Faults unknown_group, invalid_value, deploy_running, scale_failed.
 */
export async function resizeGroup(deps: ScaleDeps, scope: OrgScope, app: App, request: ResizeRequest, caller: Caller): Promise<ResizeReply> {
  const { group } = request
  await using hold = await holdApp(deps, app, `scale by ${caller.tokenId}`)
  const machines = machinesOfGroup(scope, app, group)
  const [first] = machines
  if (first === undefined) throw fault('no_machines', { app: app.name, group })
  const planned = machines.map((machine): Resize => ({
    machine,
    guest: changeGuest(machine.config.guest, request.vm),
    isRunning: isWarm(deps.records.get<ObservedMachine>(keys.observed(app.name, machine.id))?.state ?? 'created'),
  }))
  const changed = planned.filter(({ machine, guest }) => !isSameSize(machine.config.guest, guest))
  const touched: Resize[] = []
  try {
    for (const resize of changed) {
      touched.push(resize)
      await replaceConfig(deps, app, resize, { ...resize.machine.config, guest: resize.guest }, hold)
    }
  } catch (error) {
    if (hold.signal.aborted) throw error
    for (const resize of touched.toReversed()) await putBack(deps, app, resize, hold)
    throw error
  }
  const guest = planned[0]!.guest as ResizeReply['guest'] & Guest
  return { group, guest, machines: changed.map(({ machine }) => ({ id: machine.id, region: machine.region })) }
}

interface Resize {
  readonly machine: DesiredMachine
  readonly guest: Guest
  readonly isRunning: boolean
}

async function replaceConfig(deps: ScaleDeps, app: App, { machine, isRunning }: Resize, config: MachineConfig, hold: AppHold): Promise<void> {
  hold.signal.throwIfAborted()
  const hands = openMachineHands(deps)
  const row = hands.row(app.name, machine.id)
  // Destroyed meanwhile: nothing left to change.
  if (row === undefined) return
  if (isRunning) await hands.drain(row, hold.signal)
  const instanceId = newInstanceId(deps.clock.now(), deps.random)
  await hands.update(row, { config, start: isRunning, instanceId })
  if (!isRunning) return
  await hands.start(row)
  const result = await watchGate(
    { clock: deps.clock, host: hands.host(row), onWait: () => undefined },
    { id: row.id, instanceId, config },
    { timeoutMs: gateMs, signal: hold.signal, gates },
  )
  if (result.kind === 'failed') throw fault('scale_failed', { app: app.name, reason: `${row.id} in ${row.region}: ${result.reason}` })
}

async function putBack(deps: ScaleDeps, app: App, resize: Resize, hold: AppHold): Promise<void> {
  const { machine } = resize
  const row = deps.records.get<DesiredMachine>(keys.machine(app.name, machine.id))
  if (row === undefined || row.instanceId === machine.instanceId) return
  try {
    await replaceConfig(deps, app, resize, machine.config, hold)
  } catch (error) {
    if (!isFault(error)) throw error
    deps.log.warn('a machine did not get its former size again', { app: app.name, machine: machine.id, error })
  }
}
