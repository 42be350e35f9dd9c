import { fault } from '../../model/fault/fault.ts'
import type { TokenKind } from '../../model/token.ts'

/**
 * What a route asks of a token. read: it shows. deploy: it changes an app. manage: it makes or ends apps, or hands out tokens. operate: it concerns the
 * platform, and so all orgs.
 */
export type Access = 'read' | 'deploy' | 'manage' | 'operate'

const grants: Readonly<Record<TokenKind, readonly Access[]>> = {
  operator: ['read', 'deploy', 'manage', 'operate'],
  org: ['read', 'deploy', 'manage'],
  deploy: ['read', 'deploy'],
  readonly: ['read'],
}

/** A route that declares nothing is the operator's: what somebody forgot is closed. Fault token_scope. */
export function checkAccess(kind: TokenKind, route: { readonly method: string; readonly path: string; readonly access: Access | undefined }): void {
  if (!grants[kind].includes(route.access ?? 'operate')) throw fault('token_scope', { kind, what: `${route.method} ${route.path}` })
}
