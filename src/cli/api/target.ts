import { fault } from '../../model/fault/fault.ts'
import { readIfThere } from '../../kit/durable-file.ts'
import type { PlatformPaths } from '../../kit/platform-paths.ts'
import { Secret } from '../../kit/secret.ts'
import { loadPlatformFile } from '../platform/load-platform-file.ts'
import { UsageError } from '../framework/usage-error.ts'
import { readContexts, type SavedContext } from './contexts-file.ts'

/** Where requests go and as whom. */
export type Target = {
  /** For people. */
  readonly address: string
  /** Whether this is the platform of KANTE_HOME, which `kante up` starts. */
  readonly isHome?: boolean
  readonly token: Secret | undefined
} & (
  | { readonly via: 'tcp'; readonly host: string; readonly port: number; readonly isTls: boolean }
  | { readonly via: 'ssh'; readonly destination: string; readonly port: number }
)

export interface TargetInputs {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly paths: PlatformPaths
  /** --context */
  readonly context: string | undefined
  /** --access-token */
  readonly accessToken: string | undefined
}
export const defaultApiPort = 4280

/**
 * By order: --context, KANTE_API, KANTE_CONTEXT, the context in use, the platform of KANTE_HOME. The token: --access-token, KANTE_API_TOKEN, the
 * context's; KANTE_HOME/token only for an address of this computer, so that no other one is ever shown it.
 */
export async function chooseTarget({ env, paths, context, accessToken }: TargetInputs): Promise<Target> {
  const given = givenToken(accessToken ?? env['KANTE_API_TOKEN'])
  const address = env['KANTE_API']
  if (context === undefined && address !== undefined && address !== '') {
    const at = parseApiAddress('KANTE_API', address)
    return { ...at, token: given ?? (isLoopback(at.host) ? await localToken(paths) : undefined) }
  }
  const contexts = await readContexts(paths.contextsFile)
  const name = context ?? nonEmpty(env['KANTE_CONTEXT']) ?? contexts.current
  if (name !== 'local') {
    const saved = contexts.contexts[name]
    if (saved === undefined)
      throw new UsageError(`no context "${name}"`, `\`kante context list\` shows them: ${['local', ...Object.keys(contexts.contexts)].join(', ')}`)
    return targetOfContext(saved, given)
  }
  const platform = await loadPlatformFile(paths.platformFile)
  const port = platform?.apiPort ?? defaultApiPort
  const token = given ?? (await localToken(paths))
  if (token === undefined) throw fault('not_running', { home: paths.home })
  return { via: 'tcp', host: '127.0.0.1', port, isTls: false, address: `http://127.0.0.1:${port}`, token, isHome: true }
}

function targetOfContext(saved: SavedContext, given: Secret | undefined): Target {
  const token = given ?? secretOf(saved.token)
  if (saved.ssh !== undefined) return { via: 'ssh', destination: saved.ssh, port: saved.apiPort, address: `${saved.ssh} over SSH`, token }
  return { ...parseApiAddress('context', saved.api ?? ''), token }
}

type TcpTarget = Extract<Target, { readonly via: 'tcp' }>
/** `http://host:port`, `https://…` or `host:port`. `localhost` and `*.localhost` mean 127.0.0.1 and are never looked up. */
export function parseApiAddress(field: string, text: string): Omit<TcpTarget, 'token'> {
  let url: URL
  try {
    url = new URL(/^https?:\/\//.test(text) ? text : `http://${text}`)
  } catch (cause) {
    throw fault('invalid_value', { field, found: text, rule: 'an address such as http://127.0.0.1:4280' }, cause)
  }
  if (url.pathname !== '/' || url.username !== '' || url.search !== '')
    throw fault('invalid_value', { field, found: text, rule: 'an address without path, such as http://127.0.0.1:4280' })
  const isTls = url.protocol === 'https:'
  const name = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const host = name === 'localhost' || name.endsWith('.localhost') ? '127.0.0.1' : name
  return { via: 'tcp', host, port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port), isTls, address: url.origin }
}

const isLoopback = (host: string) => host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)

/** The token of the platform on this computer. */
export async function localToken(paths: PlatformPaths): Promise<Secret | undefined> {
  return secretOf((await readIfThere(paths.tokenFile))?.trim())
}
/** What CI stores often ends with a line break. */
function givenToken(text: string | undefined): Secret | undefined {
  const token = text?.trim()
  if (token !== undefined && /[^\x21-\x7E]/.test(token.replaceAll(/, ?/g, '')))
    throw new UsageError(
      'the token has characters that no token has',
      '--access-token and KANTE_API_TOKEN take one as `kante tokens create` prints it',
    )
  return secretOf(token)
}
const nonEmpty = (text: string | undefined) => (text === '' ? undefined : text)
const secretOf = (text: string | undefined): Secret | undefined => (text === undefined || text === '' ? undefined : new Secret(text))
