import type { CliContext } from '../context.ts'
import type { ApiClient } from './api-client.ts'
import { openApiClient } from './open-api-client.ts'
import { chooseTarget } from './target.ts'

/** The platform of KANTE_HOME, whatever context or KANTE_API say: what `up` and `doctor` are about. */
export async function openLocalApi(ctx: Pick<CliContext, 'paths' | 'signal'>): Promise<ApiClient> {
  const target = await chooseTarget({ env: {}, paths: ctx.paths, context: 'local', accessToken: undefined })
  return openApiClient(target, { env: {}, home: ctx.paths.home, userAgent: 'kante', signal: ctx.signal })
}
