import type { FeatureId } from '../assess/features.ts'
import {
  bare,
  calleeOf,
  dotted,
  identifier,
  isCall,
  isFunction,
  isMember,
  lineOf,
  literal,
  literalPattern,
  memberName,
  part,
  parts,
  type SyntaxNode,
  type Tree,
} from './syntax.ts'
import type { FeatureUse, Signal, SignalId } from './module-facts.ts'
import { standsFor, type Names } from './names.ts'

/** Globals that only Workers have, or that mean something there. */
const globals: Readonly<Record<string, FeatureId>> = {
  caches: 'cache-api',
  HTMLRewriter: 'html-rewriter',
  WebSocketPair: 'websockets',
  FixedLengthStream: 'workers-web-api',
  IdentityTransformStream: 'workers-web-api',
  scheduler: 'workers-web-api',
  EventSource: 'workers-web-api',
  __STATIC_CONTENT: 'sites',
}
/** Methods that are told by their name, whatever they are called on. */
const methods: Readonly<Record<string, FeatureId>> = {
  waitUntil: 'wait-until',
  passThroughOnException: 'pass-through',
  newUniqueId: 'do-new-unique-id',
  idFromString: 'do-id-from-string',
  acceptWebSocket: 'websockets',
  getWebSockets: 'websockets',
  blockConcurrencyWhile: 'durable-objects',
  setAlarm: 'durable-objects',
  DigestStream: 'workers-web-api',
  timingSafeEqual: 'workers-web-api',
}
const modules: readonly (readonly [pattern: RegExp, feature: FeatureId])[] = [
  [/^cloudflare:sockets$/, 'tcp-sockets'],
  [/^cloudflare:email$/, 'email'],
  [/^cloudflare:workflows$/, 'workflows'],
  [/^@cloudflare\/(puppeteer|playwright)$/, 'browser'],
  [/^@cloudflare\/(ai|ai-utils)$|^workers-ai-provider$/, 'ai'],
  [/^@cloudflare\/kv-asset-handler$|^__STATIC_CONTENT_MANIFEST$/, 'sites'],
  [/^@cloudflare\/pages-plugin-cloudflare-access$|^@hono\/cloudflare-access$/, 'access-jwt'],
  [/^@cloudflare\/containers$/, 'containers'],
  [/^(partyserver|agents|@cloudflare\/actors|y-partyserver|agents-sdk)($|\/)/, 'durable-objects'],
  [/\.wasm(\?.*)?$/, 'wasm'],
  [/\.(txt|html|sql|bin|md)(\?.*)?$/, 'file-modules'],
  [/^node:(?!test)/, 'node-compat'],
]
const builtins =
  /^(assert|async_hooks|buffer|child_process|crypto|dns|events|fs|fs\/promises|http|https|net|os|path|perf_hooks|process|querystring|stream|string_decoder|tls|url|util|zlib)$/
const classes: Readonly<Record<string, FeatureId>> = {
  DurableObject: 'durable-objects',
  Agent: 'durable-objects',
  AIChatAgent: 'durable-objects',
  McpAgent: 'durable-objects',
  WorkflowEntrypoint: 'workflows',
  WorkerEntrypoint: 'rpc',
  RpcTarget: 'rpc',
  Container: 'containers',
}

interface Uses {
  readonly features: readonly FeatureUse[]
  readonly signals: readonly Signal[]
  readonly freeNames: ReadonlySet<string>
}

/** What of the platform a module uses besides bindings, and what speaks for or against Workers. */
export function readUses(tree: Tree, names: Names): Uses {
  const features: FeatureUse[] = []
  const signals: Signal[] = []
  const freeNames = new Set<string>()
  const use = (feature: FeatureId, at: SyntaxNode, what: string) => features.push({ feature, line: lineOf(at), what })
  const signal = (id: SignalId, at: SyntaxNode, what: string) => signals.push({ id, line: lineOf(at), what })
  const isFree = (name: string) => !names.declared.has(name) && !names.imported.has(name)
  const isRequest = (node: SyntaxNode | undefined) =>
    standsFor(names, node, (each) => /(^|\.)(request|req|raw)$/i.test(dotted(each) ?? '') || names.typed.get(identifier(each) ?? '') === 'Request')

  for (const each of names.imports) {
    if (each.isTypeOnly) continue
    const at = { type: 'Import', loc: { start: { line: each.line } } }
    const feature = modules.find(([pattern]) => pattern.test(each.from))?.[1] ?? (builtins.test(each.from) ? 'node-compat' : undefined)
    if (feature !== undefined) use(feature, at, each.from)
    if (/^(node:)?(fs|fs\/promises|child_process|worker_threads)$/.test(each.from)) signal('file-system', at, each.from)
    if (/^(node:)?(http|https)$/.test(each.from)) signal('node-server', at, each.from)
    if (
      /^(jose|jsonwebtoken|@tsndr\/cloudflare-worker-jwt|hono\/(jwt|jwk|basic-auth|bearer-auth)|better-auth|@auth\/core|lucia|@clerk\/.*|oslo)($|\/)/.test(
        each.from,
      )
    )
      signal('auth', at, each.from)
    if (/^(bcryptjs|bcrypt|argon2.*|scrypt-js|@node-rs\/(bcrypt|argon2)|@noble\/hashes\/(scrypt|argon2|pbkdf2).*)$/.test(each.from))
      signal('password-hash', at, each.from)
  }
  for (const node of tree.nodes) {
    if (node.type === 'Identifier') readIdentifier(node)
    else if (isMember(node)) readMember(node)
    else if (isCall(node)) readCall(node)
    else if (node.type === 'NewExpression') {
      const name = dotted(calleeOf(node))
      if (name === 'WebSocket' && isFree('WebSocket')) use('websocket-client', node, 'new WebSocket')
      if (name === 'EmailMessage') use('email', node, 'new EmailMessage')
      if (name === 'Response') readResponse(node)
    } else if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') {
      const base = bare(part(node, 'superClass'))
      const written = dotted(isCall(base) ? calleeOf(base) : base)
      const name = written === undefined ? undefined : (names.imported.get(written)?.name ?? written.split('.').at(-1))
      const feature = name === undefined || (names.imported.get(written ?? '')?.from ?? 'cloudflare:').startsWith('.') ? undefined : classes[name]
      if (feature !== undefined) use(feature, node, `class ${identifier(part(node, 'id')) ?? ''} extends ${name}`.replace('  ', ' '))
    } else if (node.type === 'ObjectPattern') {
      const owner = tree.parentOf(node)
      if (owner?.type === 'VariableDeclarator' && isRequest(part(owner, 'init')))
        for (const property of parts(node, 'properties')) if (memberName(property) === 'cf') use('request-cf', node, 'cf of request')
    } else if (node.type === 'StringLiteral') readText(node)
  }
  return { features, signals, freeNames }

  function readIdentifier(node: SyntaxNode): void {
    const name = identifier(node) ?? ''
    const parent = tree.parentOf(node)
    if (parent === undefined || (isMember(parent) && part(parent, 'property') === node && parent['computed'] !== true)) return
    if (
      parent.type.startsWith('TS') ||
      ((parent.type === 'ObjectProperty' || parent.type === 'ObjectMethod' || parent.type === 'ClassMethod') &&
        part(parent, 'key') === node &&
        part(parent, 'value') !== node)
    )
      return
    if (!isFree(name)) return
    freeNames.add(name)
    const feature = globals[name]
    if (feature !== undefined) use(feature, node, name)
  }
  function readMember(node: SyntaxNode): void {
    const name = memberName(node)
    const object = part(node, 'object')
    if (name === 'cf' && (isRequest(object) || /(^|\.)(event|context|c|ctx)\.(request|req)(\.raw)?$/.test(dotted(object) ?? ''))) {
      const parent = tree.parentOf(node)
      const field = isMember(parent) && part(parent, 'object') === node ? memberName(parent) : undefined
      use('request-cf', node, field === undefined ? 'request.cf' : `request.cf.${field}`)
      if (field === undefined || /country|city|region|latitude|longitude|postal|timezone|continent/.test(field))
        signal('geo', node, field ?? 'request.cf')
    }
    const path = dotted(node) ?? ''
    if (/^(this\.)?(ctx|state|#?state|_state)\.storage\.sql$/.test(path)) use('durable-objects', node, 'SQL storage')
    if (name === 'exports' && /^(this\.)?ctx\.exports$/.test(path)) use('rpc', node, 'ctx.exports')
    if (name === 'DigestStream' || path === 'crypto.subtle.timingSafeEqual') use('workers-web-api', node, name ?? '')
    if (path === 'self.caches' || path === 'globalThis.caches') use('cache-api', node, 'caches')
  }
  function readCall(node: SyntaxNode): void {
    const callee = calleeOf(node)
    const given = parts(node, 'arguments')
    const name = isMember(callee) ? memberName(callee) : undefined
    const path = dotted(callee) ?? ''
    if (path === 'fetch' || path === 'globalThis.fetch' || path === 'self.fetch') return readFetch(node)
    if (name !== undefined && Object.hasOwn(methods, name)) use(methods[name] ?? 'wait-until', node, name)
    if (name === 'toString' && isObjectId(part(callee, 'object'))) use('do-id-text', node, `${dotted(part(callee, 'object')) ?? 'id'}.toString()`)
    if (path === 'Response.redirect' || (name === 'redirect' && given.length > 0)) signal('redirect', node, path === '' ? 'redirect' : path)
    if (/(^|\.)subtle\.(verify|importKey)$/.test(path)) signal('auth', node, path)
    if (/(^|\.)subtle\.(deriveBits|deriveKey)$/.test(path)) signal('password-hash', node, path)
    if (name === 'formData' || name === 'parseBody') signal('form', node, name)
    if ((name === 'arrayBuffer' || name === 'blob') && isRequest(part(callee, 'object'))) signal('upload', node, `request.${name}()`)
    if (path.startsWith('console.')) signal('log', node, path)
    if (name === 'accept' && given.length === 0 && usesPair()) signal('socket-state', node, 'accept()')
    if (['set', 'append', 'delete'].includes(name ?? '') && /(^|\.)headers$/i.test(dotted(part(callee, 'object')) ?? ''))
      signal('header-transform', node, literal(bare(given[0])) ?? 'header')
    if (identifier(callee) === 'upgradeWebSocket') use('websockets', node, 'upgradeWebSocket')
    if (identifier(callee) === 'getAssetFromKV') use('sites', node, 'getAssetFromKV')
    if (['routeAgentRequest', 'routePartykitRequest'].includes(identifier(callee) ?? '')) use('durable-objects', node, identifier(callee) ?? '')
  }
  function usesPair(): boolean {
    return features.some((each) => each.feature === 'websockets') || freeNames.has('WebSocketPair')
  }
  function readFetch(node: SyntaxNode): void {
    const [target, options] = parts(node, 'arguments')
    const isPass = isRequest(target) || (bare(target)?.type === 'NewExpression' && identifier(part(bare(target), 'callee')) === 'Request')
    const shown = `fetch(${(literalPattern(bare(target)) ?? dotted(target) ?? '…').slice(0, 60)})`
    signal(isPass ? 'fetch-pass-through' : 'fetch', node, shown)
    for (const each of [options, bare(target)?.type === 'NewExpression' ? parts(bare(target), 'arguments')[1] : undefined])
      for (const property of parts(bare(each), 'properties'))
        if (memberName(property) === 'cf' && property !== undefined) use('cf-fetch-options', property, 'fetch(…, { cf })')
    for (const up of tree.ancestorsOf(node)) {
      if (/^(For|While|DoWhile)/.test(up.type) || (isCall(up) && ['map', 'forEach', 'flatMap', 'reduce'].includes(memberName(calleeOf(up)) ?? '')))
        return void signal('fetch-in-loop', node, shown)
      if (isFunction(up) && !isCall(tree.parentOf(up))) return
    }
  }
  function readResponse(node: SyntaxNode): void {
    for (const property of parts(bare(parts(node, 'arguments')[1]), 'properties')) {
      const value = bare(part(property, 'value'))
      const key = memberName(property)
      if (key === 'webSocket') use('websockets', node, 'new Response(…, { webSocket })')
      if (key === 'status' && value?.type === 'NumericLiteral' && [301, 302, 303, 307, 308].includes(Number(value['value'])))
        signal('redirect', node, `status ${String(value['value'])}`)
    }
  }
  function readText(node: SyntaxNode): void {
    const text = literal(node) ?? ''
    if (text.length > 60 || isModuleName(tree.parentOf(node))) return
    const lower = text.toLowerCase()
    if (lower === 'cf-access-jwt-assertion' || lower === 'cf_authorization') use('access-jwt', node, text)
    else if (/^cf-(connecting-ip(v6)?|ray|visitor|ew-via|ipcity|iplongitude|iplatitude)$/.test(lower) || lower === 'cf-ipcountry')
      use('cf-headers', node, text)
    if (/^(cf-connecting-ip(v6)?|x-forwarded-for|x-real-ip|true-client-ip)$/.test(lower)) signal('client-address', node, text)
    if (lower === 'cf-ipcountry') signal('geo', node, text)
    if (lower === 'cookie' || lower === 'set-cookie') signal('cookie', node, text)
    if (lower === 'authorization' || lower === 'www-authenticate') signal('auth', node, text)
    if (lower === 'cache-control' || lower === 'cdn-cache-control') signal('cache-header', node, text)
    if (/^(e-?mail|password|passwd|first_?name|last_?name|phone|user_?agent|user-agent)$/.test(lower)) signal('email-address', node, text)
  }
  function isObjectId(node: SyntaxNode | undefined): boolean {
    return standsFor(names, node, (each) => {
      const method = isCall(each) ? memberName(calleeOf(each)) : undefined
      return method === 'idFromName' || method === 'newUniqueId' || method === 'idFromString' || /^(this\.)?(ctx|state)\.id$/.test(dotted(each) ?? '')
    })
  }
}
const isModuleName = (node: SyntaxNode | undefined) => node !== undefined && /^(Import|Export)/.test(node.type)
