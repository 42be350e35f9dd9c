import { request } from 'node:http'
import type { EdgeStatus } from '../../src/edge/edge-status.ts'
import type { TestPlatform } from './platform.ts'

/** What an edge says of itself on its own socket. */
export function edgeStatus(platform: Pick<TestPlatform, 'home'>, region: string): Promise<EdgeStatus> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: `${platform.home}/run/e-${region}.sock`, path: '/v1/edge/status', agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('error', reject)
      response.on('end', () => resolve(JSON.parse(text) as EdgeStatus))
    })
    call.on('error', reject)
    call.end()
  })
}
