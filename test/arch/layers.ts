/**
 * The layer table, lowest first: a folder of src/ imports only from folders above it in this list. One line per layer, as in ARCHITECTURE.md.
 * `never` names edges that the order would allow but that are forbidden, with the reason.
 */
export const layers = [
  { name: 'model', is: 'vocabulary: pure, no I/O, no clock' },
  { name: 'kit', is: 'plumbing that knows no domain word' },
  { name: 'fly-toml', is: 'parse, validate, print fly.toml; to machine config: pure' },
  { name: 'store', is: 'the state contract and its implementations' },
  { name: 'protocol', is: 'what crosses a process boundary' },
  { name: 'network', is: 'private network' },
  { name: 'host', is: 'role: machines of one computer' },
  { name: 'edge', is: 'role: the proxy where clients arrive' },
  { name: 'control', is: 'role: the API and its loops' },
  { name: 'build', is: 'detect, Dockerfile, dependencies, packing' },
  { name: 'worker', is: 'Cloudflare Workers' },
  { name: 'managed', is: 'Postgres, Redis, backups' },
  { name: 'residency', is: 'policy and evidence' },
  { name: 'provider', is: 'Hetzner, IONOS, SSH' },
  { name: 'cli', is: 'the commands' },
  { name: 'kanted.ts', is: 'the one place that wires roles together' },
] as const
export type Layer = (typeof layers)[number]['name']

export const never: readonly { readonly from: Layer; readonly to: Layer; readonly why: string }[] = [
  { from: 'edge', to: 'host', why: 'roles meet in protocol/: an edge may run on another computer than the host' },
  { from: 'control', to: 'host', why: 'roles meet in protocol/: control asks hosts through HostPort' },
  { from: 'control', to: 'edge', why: 'roles meet in protocol/: edges pull their routes' },
  { from: 'kit', to: 'model', why: 'kit knows no domain word' },
  { from: 'edge', to: 'store', why: 'the request path never touches the store' },
]

/** Pure layers: no node: module but these, no clock, no randomness. */
export const pure: readonly Layer[] = ['model', 'fly-toml']
export const pureMayImport: readonly string[] = ['node:buffer']
