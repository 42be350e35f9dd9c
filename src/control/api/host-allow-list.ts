import { isIP } from 'node:net'
import { fault } from '../../model/fault/fault.ts'

/**
 * Refuses Host headers that are not ours: a web page whose name was re-pointed at loopback after it loaded (DNS rebinding) sends its own name.
 * Loopback names and addresses are ours, and what the operator adds.
 */
export function hostAllowList(additional: readonly string[]): (header: string | undefined) => void {
  const allowed = new Set(['localhost', ...additional.map((name) => name.toLowerCase())])
  return (header) => {
    const name = hostNameOf(header ?? '')
    if (allowed.has(name) || name.endsWith('.localhost') || isLoopback(name)) return
    throw fault('host_not_allowed', { host: (header ?? '').slice(0, 255) })
  }
}
const hostNameOf = (header: string): string => (/^\[([0-9a-f:.]+)\](?::\d+)?$/i.exec(header)?.[1] ?? header.replace(/:\d+$/, '')).toLowerCase()
const isLoopback = (name: string): boolean => name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))
