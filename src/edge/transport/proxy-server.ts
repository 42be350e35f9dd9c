import type { ProxyDeps, ProxyOptions, ProxyServer } from './proxy-contract.ts'

/** Opens the edge's HTTP/1.1 data plane on raw sockets; resolves when every listener accepts. */
export async function openProxyServer(_deps: ProxyDeps, _options: ProxyOptions): Promise<ProxyServer> {
  throw new Error('in the next commit')
}
