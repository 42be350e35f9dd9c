import type { z } from 'zod'
import type { AppName } from '../../model/ids.ts'
import type { TokenKind } from '../../model/token.ts'
import type { OrgScope } from '../state/org-scope.ts'
import type { Access } from './access.ts'

/** Who calls: the answer to a token. */
export interface Caller {
  /** First digits of the token's hash: for lists and logs. */
  readonly tokenId: string
  /** Its own; the operator's token reaches the others too. */
  readonly org: OrgScope['org']
  readonly kind: TokenKind
  readonly name?: string
  /** The one app of a deploy token. */
  readonly app?: { readonly id: string; readonly name: AppName }
  /** RFC 3339; none: it does not expire. */
  readonly expiresAt?: string
}
export interface ApiContext {
  readonly caller: Caller
  /** Everything that the caller's token reaches; there is no way to anything else. */
  readonly scope: OrgScope
  readonly requestId: string
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
  header(name: string): string | undefined
  /** The body as it comes; for routes that declare `body: 'stream'`. */
  readonly body: ReadableStream<Uint8Array> | null
}

export type Reply =
  | { readonly status?: number; readonly json: unknown }
  | { readonly status: number; readonly empty: true }
  | { readonly status?: number; readonly stream: AsyncIterable<Uint8Array | string>; readonly type: string; readonly fileName?: string }

type ParamNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never
export type PathParams<Path extends string> = Readonly<Record<ParamNames<Path>, string>>

export interface RouteReply {
  readonly description: string
  readonly schema?: z.ZodType
  readonly type?: string
}
interface RouteShape<Path extends string, Query extends z.ZodType | undefined, Body extends z.ZodType | 'stream' | undefined> {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: Path
  readonly summary: string
  readonly tag: 'apps' | 'machines' | 'platform' | 'kante'
  /** Which tokens may call it (access.ts). Whose things they reach is decided by their scope, not here. */
  readonly access: Access
  /** The app in the path may be another's, or none: the handler says what of it is shown. */
  readonly isAnyName?: true
  /** Recorded although it changes nothing: it shows more than one org’s. */
  readonly isRecorded?: true
  readonly query?: Query
  readonly body?: Body
  /** No body is the same as `{}`. */
  readonly isBodyOptional?: boolean
  /** Hand over the JSON as it was sent, once the schema has found it good: what must round-trip may not pass through a parser that orders keys. */
  readonly isExact?: boolean
  readonly replies: Readonly<Record<number, RouteReply>>
}
type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

/** One row of the table that serves the API and describes it. */
export interface Route extends RouteShape<string, z.ZodType | undefined, z.ZodType | 'stream' | undefined> {
  readonly handle: (context: ApiContext, input: { params: Readonly<Record<string, string>>; query: unknown; body: unknown }) => Promise<Reply> | Reply
}

export function route<
  const Path extends string,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | 'stream' | undefined = undefined,
>(
  shape: RouteShape<Path, Query, Body> & {
    readonly handle: (
      context: ApiContext,
      input: { readonly params: PathParams<Path>; readonly query: Parsed<Query>; readonly body: Parsed<Body> },
    ) => Promise<Reply> | Reply
  },
): Route {
  return shape as unknown as Route
}

export const json = (value: unknown, status = 200): Reply => ({ status, json: value })
export const empty = (status: number): Reply => ({ status, empty: true })
export const ndjson = (lines: AsyncIterable<unknown>, status = 200): Reply => ({ status, type: 'application/x-ndjson', stream: linesOf(lines) })

async function* linesOf(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`
}
