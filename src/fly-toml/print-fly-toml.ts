import { printKey, printText as quote } from './toml-values.ts'

/** What `launch` knows of a new app. */
export interface NewFlyToml {
  readonly app: string
  readonly primaryRegion: string
  readonly internalPort: number
  /** Only where the file is not the default one beside fly.toml. */
  readonly dockerfile?: string
  readonly image?: string
  readonly env: Readonly<Record<string, string>>
  /** Where the program answers 200 when it is well; without it the app is healthy when its port accepts. */
  readonly healthPath?: string
  /** RFC 3339, for the first line. */
  readonly writtenAt: string
}

/** A fresh fly.toml with Fly.io's launch defaults: one HTTP service that stops when idle and starts on a request. */
export function printFlyToml(app: NewFlyToml): string {
  const build =
    app.image === undefined ? (app.dockerfile === undefined ? [] : [`  dockerfile = ${quote(app.dockerfile)}`]) : [`  image = ${quote(app.image)}`]
  const env = Object.entries(app.env).map(([name, value]) => `  ${printKey(name)} = ${quote(value)}`)
  const lines = [
    `# fly.toml of ${app.app}, written by kante launch at ${app.writtenAt}`,
    '',
    `app = ${quote(app.app)}`,
    `primary_region = ${quote(app.primaryRegion)}`,
    '',
    '[build]',
    ...build,
    ...(env.length === 0 ? [] : ['', '[env]', ...env]),
    '',
    '[http_service]',
    `  internal_port = ${app.internalPort}`,
    '  # force_https = true   once the edge has a certificate for the app',
    "  auto_stop_machines = 'stop'",
    '  auto_start_machines = true',
    '  min_machines_running = 0',
    "  processes = ['app']",
    ...(app.healthPath === undefined
      ? []
      : [
          '',
          '  [[http_service.checks]]',
          '    grace_period = "10s"',
          '    interval = "15s"',
          '    method = "GET"',
          '    timeout = "5s"',
          `    path = ${quote(app.healthPath)}`,
        ]),
    '',
    '[[vm]]',
    "  memory = '1gb'",
    "  cpu_kind = 'shared'",
    '  cpus = 1',
    '',
  ]
  return lines.join('\n')
}
