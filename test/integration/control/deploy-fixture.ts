import type { DeployEvent, DeployStatus } from '../../../src/protocol/kante-api.ts'
import type { TestControl } from './open-test-control.ts'

export const check = { type: 'http', port: 8080, path: '/', interval: '15s', timeout: '2s' }
export const service = { internal_port: 8080, protocol: 'tcp', ports: [{ port: 80, handlers: ['http'] }], checks: [check] }

export interface MachineView {
  readonly id: string
  readonly region: string
  readonly state: string
  readonly config: {
    readonly image: string
    readonly env: Readonly<Record<string, string>>
    readonly metadata: Readonly<Record<string, string>>
    readonly guest?: object
    readonly standbys?: readonly string[]
  }
}
/** The app `web` of a test's control: begins deploys of version V and reads what became of it. */
export function deploysOf(at: TestControl) {
  const path = '/v1/kante/apps/web/deploys'
  const begin = (v: string, more: object = {}) =>
    at.ok<DeployStatus>('POST', path, {
      image: `example/web:${v}`,
      groups: { app: { env: { V: v }, services: [service] } },
      definition: { app: 'web' },
      primaryRegion: 'cdg',
      waitTimeoutMs: 2000,
      ...more,
    })
  /** Waits for the end by the stream of events, as the CLI does. */
  const finish = async (deploy: Pick<DeployStatus, 'id'>) => {
    const { body } = await at.call('GET', `${path}/${deploy.id}/events?after=0`)
    const events = (body as string)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as DeployEvent)
    return { events, status: await at.ok<DeployStatus>('GET', `${path}/${deploy.id}`) }
  }
  return {
    begin,
    finish,
    deploy: async (v: string, more?: object) => finish(await begin(v, more)),
    machines: () => at.ok<readonly MachineView[]>('GET', '/v1/apps/web/machines'),
    releases: async () =>
      (await at.ok<{ releases: readonly { version: number; status: string; image: string }[] }>('GET', '/v1/kante/apps/web/releases')).releases,
  }
}
/** What a failed deploy must leave as it was. */
export const essence = (machines: readonly MachineView[]) =>
  machines.map(({ id, region, state, config }) => ({ id, region, state, config })).toSorted((a, b) => (a.id < b.id ? -1 : 1))
