import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { stringify } from 'smol-toml'
import { isFault } from '../model/fault/fault.ts'
import { parseFlyToml, readFlyToml } from './parse-fly-toml.ts'
import { keptWithoutEffect } from './section.ts'
import { toMachineConfigs } from './to-machine-configs.ts'

const read = (text: string) => readFlyToml('fly.toml', text)
const errorsOf = (text: string) => read(text).errors.map((error) => `${error.line} ${error.key}: ${error.problem}`)
const warningsOf = (text: string) => read(text).warnings.map((warning) => `${warning.line} ${warning.key}: ${warning.problem}`)

test('errors name file, line, key, what was found and what is allowed', () => {
  assert.throws(() => parseFlyToml('cfg/fly.toml', 'app = "a"\n[http_service]\n  internal_port = "web"\n'), {
    code: 'config_invalid',
    message: 'cfg/fly.toml:3: http_service.internal_port: found "web", allowed is a whole number from 1 to 65535',
  })
})

test('wrong values are refused where they stand, all in one pass', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['app = 3', ['1 app: found 3, allowed is text in quotes']],
    ['[deploy]\nstrategy = "roling"', ['2 deploy.strategy: found "roling", allowed is rolling, immediate, canary, bluegreen; did you mean rolling?']],
    [
      '[[services]]\ninternal_port = 70000\n[[services.ports]]\nport = 80',
      ['2 services[0].internal_port: found 70000, allowed is a whole number from 1 to 65535'],
    ],
    ['[[services]]\n[[services.ports]]\nstart_port = 90\nend_port = 80', ['3 services[0].ports[0].start_port: is above end_port (90 > 80)']],
    [
      '[http_service]\nauto_stop_machines = "sleep"',
      ['2 http_service.auto_stop_machines: found "sleep", allowed is "off", "stop", "suspend", true or false'],
    ],
    [
      '[http_service]\nconcurrency = 5',
      ['2 http_service.concurrency: found 5, allowed is a table with type, soft_limit and hard_limit, or "soft,hard"'],
    ],
    [
      '[http_service]\n[[http_service.checks]]\ninterval = "soon"',
      ['3 http_service.checks[0].interval: found "soon", allowed is a number of milliseconds or a duration such as "10s" or "1m30s"'],
    ],
    ['[checks.alive]\ntype = "udp"', ['2 checks.alive.type: found "udp", allowed is tcp, http']],
    ['[checks.alive]\nport = 80', ['1 checks.alive.type: is missing: allowed is tcp, http']],
    [
      '[http_service]\n[checks.alive]\ntype = "tcp"\ninterval = 1000\ntimeout = "2m"',
      ['4 checks.alive.interval: found 1000 ms, allowed is 2s or more', '5 checks.alive.timeout: found 120000 ms, allowed is up to 60s'],
    ],
    [
      '[processes]\nweb = "a"\nworker = "b"\n[http_service]\n',
      ['4 http_service: needs processes = [...] because there are several process groups: "web", "worker"'],
    ],
    ['[http_service]\nprocesses = ["wbe"]', ['1 http_service.processes: found "wbe", allowed is a group of [processes]: "app"']],
    ['[processes]\napp = "node \'x"', ["2 processes.app: has a ' that is not closed"]],
    [
      '[mounts]\ndestination="/a"\nauto_extend_size_limit=5',
      [
        '1 mounts.auto_extend_size_threshold: found nothing, allowed is a whole number from 50 to 99, together with auto_extend_size_increment',
        '1 mounts.auto_extend_size_increment: is missing: auto_extend_size_threshold and auto_extend_size_limit need it',
      ],
    ],
    [
      '[deploy]\nmax_unavailable = "some"',
      ['2 deploy.max_unavailable: found "some", allowed is a number of machines, or a share of them such as 0.33 or "25%"'],
    ],
    ['[build]\ncompression_level = 10', ['2 build.compression_level: found 10, allowed is a whole number from 0 to 9']],
    [
      '[mounts]\nsource="a"\ndestination="/"\ninitial_size="500mb"',
      [
        '3 mounts.destination: found "/", allowed is a folder below it',
        '4 mounts.initial_size: found "500mb", allowed is gigabytes or a size such as "20gb", 1 GB or more',
      ],
    ],
    ['[[restart]]\npolicy = "sometimes"', ['2 restart[0].policy: found "sometimes", allowed is never, on-failure, always, no, on-fail']],
  ]
  for (const [text, errors] of cases) assert.deepEqual(errorsOf(text), errors, text)
})

test('what flyctl leaves to the server is warned of, not refused', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['[checks.alive]\ntype = "tcp"', ['1 checks.alive.port: is missing, and group "app" has no http_service to take it from; the check is left out']],
    [
      '[[services]]\nports = [{ port = 80, handlers = ["tls"], force_https = true }]',
      ['2 services[0].ports[0].force_https: has no effect without the handler "http" on this port'],
    ],
    [
      '[http_service.concurrency]\ntype = "request"',
      ['2 http_service.concurrency.type: found "request", allowed is connections, requests; did you mean requests?; connections is used'],
    ],
    [
      '[[mounts]]\nsource="a"\ndestination="/a"\n[[mounts]]\nsource="b"\ndestination="/b"',
      ['4 mounts: group "app" has more than one mount, but a machine can have one'],
    ],
    ['[[vm]]\nmemory = "lots"', ['2 vm[0].memory: found "lots", allowed is megabytes or a size such as "512mb" or "1gb"; the size’s own is used']],
    ['kill_timeout = "10m"', ['1 kill_timeout: found 600 s, allowed is up to 300 s; 300 s is used']],
    ['[env]\nA = ["x"]', ['2 env.A: found a list, allowed is text; it is left out']],
    ['[[vm]]\nsize = "micro-2x"', ['1 vm.size: found "micro-2x", which is no size (`kante platform vm-sizes` lists them); shared-cpu-1x is used']],
    [
      '[[files]]\nguest_path = "/x"',
      [
        '1 files: is kept, but not carried out yet',
        '2 files[0].guest_path: is left out: it needs guest_path and one of local_path, secret_name, raw_value',
      ],
    ],
    [
      '[mounts]\ndestination="/a"\nswap_size_mb = 512',
      ['3 mounts.swap_size_mb: unknown key, kept but without effect; it is a top-level key: move it above the first [table]'],
    ],
    ['[vm]\nforce_https = true', ['2 vm.force_https: unknown key, kept but without effect; it belongs into [http_service]']],
    [
      '[http_service]\nauto_machine_start = true',
      ['2 http_service.auto_machine_start: unknown key, kept but without effect; did you mean auto_start_machines?'],
    ],
  ]
  for (const [text, warnings] of cases) {
    assert.deepEqual(errorsOf(text), [], text)
    assert.deepEqual(warningsOf(text), warnings, text)
  }
})

test('volumes are sized in thousands, memory in 1024s; a share may be given in per cent', () => {
  const { config } = read('[mounts]\ndestination="/a"\ninitial_size="1000mb"\n[vm]\nmemory="1Gi"\n[deploy]\nmax_unavailable="25%"')
  assert.equal(config.mounts[0]?.initialSizeGb, 1)
  assert.equal(config.vm[0]?.memoryMb, 1024)
  assert.equal(config.deploy.maxUnavailable, 0.25)
})

test('unknown keys are kept and warned of, with the key that was probably meant', () => {
  const text = 'app = "a"\nprimary_regin = "fra"\n[http_service]\nauto_stop_machine = true\ncolour = "red"\n'
  assert.deepEqual(warningsOf(text), [
    '2 primary_regin: unknown key, kept but without effect; did you mean primary_region?',
    '4 http_service.auto_stop_machine: unknown key, kept but without effect; did you mean auto_stop_machines?',
    '5 http_service.colour: unknown key, kept but without effect',
  ])
  assert.deepEqual(read(text).errors, [])
  assert.equal((read(text).definition['http_service'] as { colour: string }).colour, 'red')
})

test('what Fly.io knows and Kante does not carry out yet is said', () => {
  assert.deepEqual(warningsOf('machine_config = "{}"\n[deploy]\nseed_command = "x"\n[build.compose]\n[[vm]]\nprocesses = ["gone"]\n'), [
    '1 machine_config: is kept, but not carried out yet',
    '3 deploy.seed_command: is kept, but not carried out yet',
    '4 build.compose: is kept, but not carried out yet',
    '5 vm.processes: found "gone", allowed is a group of [processes]: "app"',
  ])
})

test('service checks outside 1s to 60s are moved there with a warning', () => {
  const { config } = read('[[services]]\n[[services.ports]]\nport=80\n[[services.tcp_checks]]\ninterval="5m"\ntimeout=100\ngrace_period="0s"\n')
  assert.deepEqual(config.services[0]?.checks, [{ type: 'tcp', intervalMs: 60_000, timeoutMs: 1000, graceMs: 0 }])
})

test('legacy spellings mean what the new ones mean', () => {
  const pairs: readonly (readonly [string, string])[] = [
    ['[mount]\nsource="d"\ndestination="/d"', '[[mounts]]\nsource="d"\ndestination="/d"'],
    ['[[compute]]\nmemory=512', '[[vm]]\nmemory_mb=512'],
    ['[experimental]\nmetrics_port=9091\nmetrics_path="/m"', '[metrics]\nport=9091\npath="/m"'],
    ['[[processes]]\nname="web"\ncommand="node x"', '[processes]\nweb="node x"'],
    ['[[checks]]\nname="a"\ntype="tcp"\nport=1', '[checks.a]\ntype="tcp"\nport=1'],
    [
      '[[services]]\nconcurrency="10,20"\n[[services.ports]]\nport="80"',
      '[[services]]\n[services.concurrency]\ntype="requests"\nsoft_limit=10\nhard_limit=20\n[[services.ports]]\nport=80',
    ],
    ['[http_service]\nauto_stop_machines=true', '[http_service]\nauto_stop_machines="stop"'],
    [
      '[http_service]\n[[http_service.checks]]\nheaders=[{name="A",value="b"}]',
      '[http_service]\n[[http_service.checks]]\n[http_service.checks.headers]\nA="b"',
    ],
    ['[experimental]\ncmd="a b"', '[experimental]\ncmd=["a b"]'],
    ['[[env]]\nA="1"\n[[env]]\nB="2"', '[env]\nA=1\nB="2"'],
    ['kill_timeout = 10', 'kill_timeout = "10s"'],
    ['[env]\nPRIMARY_REGION = "fra"', 'primary_region = "fra"\n[env]\nPRIMARY_REGION = "ams"'],
    ['[[services]]\n[http_service]\n', '[http_service]\n'],
  ]
  for (const [legacy, modern] of pairs) {
    assert.deepEqual(errorsOf(legacy), [], legacy)
    assert.deepEqual(toMachineConfigs(read(legacy).config), toMachineConfigs(read(modern).config), legacy)
  }
})

test('a file as real projects have it is read without a finding but of what is not carried out yet', () => {
  const files = [
    "app = 'web'\nprimary_region = 'fra'\n\n[build]\n\n[http_service]\n  internal_port = 3000\n  force_https = true\n  auto_stop_machines = 'stop'\n  auto_start_machines = true\n  min_machines_running = 0\n  processes = ['app']\n\n[[vm]]\n  memory = '1gb'\n  cpu_kind = 'shared'\n  cpus = 1\n",
    'app = "old"\nkill_signal = "SIGINT"\nkill_timeout = 5\nprocesses = []\n\n[build]\n  builder = "paketobuildpacks/builder:base"\n  buildpacks = ["gcr.io/paketo-buildpacks/nodejs"]\n\n[env]\n  PORT = "8080"\n\n[experimental]\n  allowed_public_ports = []\n  auto_rollback = true\n\n[[services]]\n  http_checks = []\n  internal_port = 8080\n  processes = ["app"]\n  protocol = "tcp"\n  script_checks = []\n  [services.concurrency]\n    hard_limit = 25\n    soft_limit = 20\n    type = "connections"\n\n  [[services.ports]]\n    force_https = true\n    handlers = ["http"]\n    port = 80\n\n  [[services.ports]]\n    handlers = ["tls", "http"]\n    port = 443\n\n  [[services.tcp_checks]]\n    grace_period = "1s"\n    interval = "15s"\n    restart_limit = 0\n    timeout = "2s"\n',
    'app = "phoenix"\nprimary_region = "cdg"\nkill_signal = "SIGTERM"\nswap_size_mb = 512\n\n[deploy]\n  release_command = "/app/bin/migrate"\n  strategy = "bluegreen"\n  wait_timeout = "10m"\n\n[env]\n  PHX_HOST = "phoenix.example.org"\n  PORT = 8080\n\n[http_service]\n  internal_port = 8080\n  [http_service.concurrency]\n    type = "connections"\n    hard_limit = 1000\n    soft_limit = 1000\n  [[http_service.checks]]\n    grace_period = "10s"\n    interval = "30s"\n    method = "GET"\n    timeout = "5s"\n    path = "/health"\n    [http_service.checks.headers]\n      X-Forwarded-Proto = "https"\n',
    'app = "jobs"\n[processes]\n  web = "bundle exec puma -C config/puma.rb"\n  worker = "bundle exec sidekiq"\n[[services]]\n  internal_port = 3000\n  processes = ["web"]\n  protocol = "tcp"\n  auto_stop_machines = "suspend"\n  [[services.ports]]\n    port = 443\n    handlers = ["tls","http"]\n    [services.ports.tls_options]\n      alpn = ["h2","http/1.1"]\n      versions = ["TLSv1.2","TLSv1.3"]\n[[vm]]\n  size = "shared-cpu-2x"\n  processes = ["web"]\n[[vm]]\n  size = "performance-1x"\n  memory = "4gb"\n  processes = ["worker"]\n[[statics]]\n  guest_path = "/rails/public"\n  url_prefix = "/"\n[metrics]\n  port = 9091\n  path = "/metrics"\n  processes = ["web"]\n',
  ]
  for (const text of files) {
    const reading = read(text)
    assert.deepEqual([...reading.errors, ...reading.warnings.filter((warning) => warning.problem !== keptWithoutEffect)], [], text)
  }
})

const anyValue = fc.jsonValue({ maxDepth: 1 }).map(dropNull)
function dropNull(value: unknown): unknown {
  if (value === null) return 'null'
  if (Array.isArray(value)) return value.map(dropNull)
  if (typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, dropNull(item)]))
}
const sectionNames = [
  'app',
  'primary_region',
  'kill_timeout',
  'build',
  'deploy',
  'env',
  'processes',
  'http_service',
  'services',
  'checks',
  'mounts',
  'vm',
  'restart',
  'files',
  'statics',
  'metrics',
  'experimental',
]
const keyNames = [
  'internal_port',
  'ports',
  'port',
  'handlers',
  'processes',
  'concurrency',
  'checks',
  'tcp_checks',
  'http_checks',
  'interval',
  'headers',
  'type',
  'memory',
  'size',
  'destination',
  'policy',
  'name',
  'command',
  'guest_path',
  'raw_value',
  'cmd',
]
const leaf = fc.oneof(anyValue, fc.constantFrom<unknown>('10s', 8080, true, 'stop', 'http', ['http'], 'app', '1gb', '20,25'))
const small = { maxKeys: 4, noNullPrototype: true }
const flat = fc.dictionary(fc.constantFrom(...keyNames), leaf, small)
const inner = fc.dictionary(fc.constantFrom(...keyNames), fc.oneof(leaf, fc.array(flat, { maxLength: 2 }), flat), small)
const document = fc.dictionary(fc.constantFrom(...sectionNames), fc.oneof(leaf, inner, fc.array(inner, { maxLength: 2 })), small)

test('whatever types stand where, nothing is thrown and the configs are plain JSON', () => {
  fc.assert(
    fc.property(document, (value) => {
      let text: string
      try {
        text = stringify(value)
      } catch {
        return // mixed lists of tables and values have no TOML form in this printer
      }
      try {
        const reading = read(text)
        const configs = toMachineConfigs(reading.config)
        assert.deepEqual(JSON.parse(JSON.stringify(configs)), configs)
      } catch (error) {
        if (!isFault(error, 'config_invalid')) throw error
      }
    }),
    { numRuns: 300 },
  )
})
