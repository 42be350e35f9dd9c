import type { ApiClient } from './api-client.ts'

/** The org a command is about: --org, else the token's own. */
export async function orgOf(api: ApiClient, given: string | undefined): Promise<string> {
  return given ?? (await api.request<{ readonly org: string }>('GET', '/v1/kante/whoami')).org
}
