import assert from 'node:assert/strict'
import { test } from 'node:test'
import { servicesOf } from '../model/service/service.ts'
import { parseFlyToml } from './parse-fly-toml.ts'
import { toMachineConfigs } from './to-machine-configs.ts'

const configs = (text: string, files?: ReadonlyMap<string, Uint8Array>) => toMachineConfigs(parseFlyToml('fly.toml', text).config, files)

const tutorial = `
app = "my-edge-app"
primary_region = "fra"

[build]
  dockerfile = "Dockerfile"

[[services]]
  internal_port = 8080
  protocol = "tcp"

  [[services.ports]]
    port = 80
    handlers = ["http"]

  [[services.ports]]
    port = 443
    handlers = ["tls", "http"]

  [[services.http_checks]]
    interval = 10000
    grace_period = "5s"
    method = "get"
    path = "/health"
    protocol = "http"
    timeout = 2000
`

test("the tutorial's file becomes the machine config that flyctl sends", () => {
  assert.deepEqual(configs(tutorial), {
    app: {
      env: { FLY_PROCESS_GROUP: 'app', PRIMARY_REGION: 'fra' },
      services: [
        {
          protocol: 'tcp',
          internal_port: 8080,
          ports: [
            { port: 80, handlers: ['http'] },
            { port: 443, handlers: ['tls', 'http'] },
          ],
          checks: [{ type: 'http', interval: '10s', timeout: '2s', grace_period: '5s', method: 'get', path: '/health', protocol: 'http' }],
        },
      ],
    },
  })
})

test('http_service expands to a tcp service on 80 and 443', () => {
  const { app } = configs(`
primary_region = "fra"
[http_service]
  internal_port = 3000
  force_https = true
  auto_stop_machines = "suspend"
  auto_start_machines = true
  min_machines_running = 1
  [http_service.concurrency]
    type = "requests"
    soft_limit = 200
    hard_limit = 250
  [http_service.http_options]
    h2_backend = true
    [http_service.http_options.response]
      pristine = true
  [http_service.tls_options]
    alpn = ["h2"]
  [[http_service.checks]]
    path = "/"
    interval = "1m30s"
    tls_skip_verify = true
    [http_service.checks.headers]
      Host = "x"
`)
  assert.deepEqual(app?.services, [
    {
      protocol: 'tcp',
      internal_port: 3000,
      autostop: 'suspend',
      autostart: true,
      min_machines_running: 1,
      concurrency: { type: 'requests', soft_limit: 200, hard_limit: 250 },
      ports: [
        { port: 80, handlers: ['http'], force_https: true, http_options: { h2_backend: true, response: { pristine: true } } },
        { port: 443, handlers: ['http', 'tls'], http_options: { h2_backend: true, response: { pristine: true } }, tls_options: { alpn: ['h2'] } },
      ],
      checks: [{ type: 'http', interval: '1m0s', path: '/', tls_skip_verify: true, headers: [{ name: 'Host', values: ['x'] }] }],
    },
  ])
})

test('autostop travels as true, false or suspend, and the model reads it back', () => {
  const wire = (value: string) => configs(`[http_service]\nauto_stop_machines = ${value}`)['app']?.services?.[0]
  assert.deepEqual(
    ['"off"', '"stop"', '"suspend"', 'true', 'false'].map((value) => wire(value)?.autostop),
    [false, true, 'suspend', true, false],
  )
  assert.equal(servicesOf({ image: 'x', services: [wire('"stop"') ?? {}] })[0]?.autostop, 'stop')
  assert.ok(!('autostop' in (configs('[http_service]')['app']?.services?.[0] ?? {})))
})

test('a section without processes is for the default group alone, but for vm and statics', () => {
  const groups = configs(`
primary_region = "cdg"
swap_size_mb = 256
[processes]
  web = "node server.js --name 'a b'"
  worker = "node worker.js"
[[services]]
  internal_port = 3000
  processes = ["worker"]
  [[services.ports]]
    port = 80
    handlers = ["http"]
[checks.alive]
  type = "tcp"
  port = 3000
[mounts]
  source = "data"
  destination = "/data"
[metrics]
  port = 9091
[[restart]]
  policy = "never"
[[statics]]
  guest_path = "/public"
  url_prefix = "/"
[[vm]]
  size = "shared-cpu-2x"
[[vm]]
  size = "performance-2x"
  memory = "8gb"
  processes = ["worker"]
`)
  const statics = [{ guest_path: '/public', url_prefix: '/' }]
  assert.deepEqual(groups, {
    web: {
      env: { FLY_PROCESS_GROUP: 'web', PRIMARY_REGION: 'cdg' },
      init: { cmd: ['node', 'server.js', '--name', 'a b'], swap_size_mb: 256 },
      guest: { cpu_kind: 'shared', cpus: 2, memory_mb: 512 },
      checks: { alive: { type: 'tcp', port: 3000 } },
      mounts: [{ name: 'data', path: '/data' }],
      statics,
      metrics: { port: 9091, path: '/metrics' },
      restart: { policy: 'no' },
    },
    worker: {
      env: { FLY_PROCESS_GROUP: 'worker', PRIMARY_REGION: 'cdg' },
      init: { cmd: ['node', 'worker.js'], swap_size_mb: 256 },
      guest: { cpu_kind: 'performance', cpus: 2, memory_mb: 8192 },
      services: [{ protocol: 'tcp', internal_port: 3000, ports: [{ port: 80, handlers: ['http'] }] }],
      statics,
    },
  })
})

test('sizes start from the preset, and single keys override it', () => {
  const guest = (vm: string) => configs(`[[vm]]\n${vm}`)['app']?.guest
  assert.deepEqual(guest('memory = "1gb"\ncpu_kind = "shared"\ncpus = 1'), { cpu_kind: 'shared', cpus: 1, memory_mb: 1024 })
  assert.deepEqual(guest('cpus = 4'), { cpu_kind: 'shared', cpus: 4, memory_mb: 1024 })
  assert.deepEqual(guest('cpu_kind = "performance"'), { cpu_kind: 'performance', cpus: 1, memory_mb: 2048 })
  assert.deepEqual(guest('size = "shared-cpu-8x"\nmemory = 4096'), { cpu_kind: 'shared', cpus: 8, memory_mb: 4096 })
  assert.equal(configs('')['app']?.guest, undefined)
})

test('the last restart section counts, mounts keep how they grow', () => {
  const { app } = configs(
    '[[restart]]\npolicy="always"\n[[restart]]\npolicy="on-failure"\nretries=3\n[mounts]\nsource="d"\ndestination="/d"\nauto_extend_size_threshold=80\nauto_extend_size_increment="1GB"\nauto_extend_size_limit="5GB"',
  )
  assert.deepEqual(app?.restart, { policy: 'on-failure', max_retries: 3 })
  assert.deepEqual(app?.mounts, [{ name: 'd', path: '/d', extend_threshold_percent: 80, add_size_gb: 1, size_gb_limit: 5 }])
})

test('stop config, top-level checks and files keep their units and bytes', () => {
  const { app } = configs(
    `
kill_signal = "SIGTERM"
kill_timeout = 30
[http_service]
  internal_port = 3000
[checks.ready]
  type = "http"
  path = "/ready"
  interval = 30000
  grace_period = "5s"
[[files]]
  guest_path = "/a"
  raw_value = "hello"
[[files]]
  guest_path = "/b"
  local_path = "b.txt"
[[files]]
  guest_path = "/c"
  secret_name = "C"
[experimental]
  entrypoint = ["/init"]
  cmd = ["run"]
`,
    new Map([['b.txt', Buffer.from('local')]]),
  )
  assert.deepEqual(app?.stop_config, { signal: 'SIGTERM', timeout: '30s' })
  assert.deepEqual(app?.checks, { ready: { type: 'http', port: 3000, path: '/ready', interval: '30s', grace_period: '5s' } })
  assert.deepEqual(app?.['files'], [
    { guest_path: '/a', raw_value: 'aGVsbG8=' },
    { guest_path: '/b', raw_value: 'bG9jYWw=' },
    { guest_path: '/c', secret_name: 'C' },
  ])
  assert.deepEqual(app?.init, { cmd: ['run'], entrypoint: ['/init'] })
})
