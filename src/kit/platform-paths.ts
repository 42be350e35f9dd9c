import { createHash } from 'node:crypto'
import { join } from 'node:path'

/** sun_path holds 108 bytes on Linux and 104 on macOS. */
const longestSocketPath = 100
/** Not os.tmpdir(): daemon and client must agree, whatever TMPDIR says in either's environment. */
const shortFolder = '/tmp'
const longestSocketName = 'k-xxxxxxxxxx.sock'

/** Every file and socket of one platform, from its home; the one place that knows the layout. */
export interface PlatformPaths {
  readonly home: string
  readonly data: string
  /** Flags of the first `up`: kit/platform-file.ts. */
  readonly platformFile: string
  readonly pidFile: string
  readonly tokenFile: string
  readonly masterKeyFile: string
  readonly contextsFile: string
  readonly logsDir: string
  readonly daemonLog: string
  /** Sockets, 0700. In the home unless its path is too long for a socket's address. */
  readonly runDir: string
  readonly controlSocket: string
  readonly controlDir: string
  readonly stateDb: string
  readonly host: (region: string) => HostPaths
}
export interface HostPaths {
  readonly dir: string
  readonly db: string
  readonly socket: string
  readonly keeperSocket: string
  readonly edgeDir: string
  readonly edgeConfig: string
  readonly edgeStatusSocket: string
}

export function platformPaths(home: string, options: { readonly dataDir?: string; readonly uid: number }): PlatformPaths {
  const data = options.dataDir ?? join(home, 'data')
  const near = join(home, 'run')
  const runDir =
    Buffer.byteLength(join(near, longestSocketName)) <= longestSocketPath
      ? near
      : join(shortFolder, `kante-${options.uid}-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`)
  return {
    home,
    data,
    platformFile: join(home, 'platform.json'),
    pidFile: join(home, 'kanted.pid'),
    tokenFile: join(home, 'token'),
    masterKeyFile: join(home, 'master.key'),
    contextsFile: join(home, 'contexts.json'),
    logsDir: join(home, 'logs'),
    daemonLog: join(home, 'logs', 'kanted.log'),
    runDir,
    controlSocket: join(runDir, 'control.sock'),
    controlDir: join(data, 'control'),
    stateDb: join(data, 'control', 'state.db'),
    host: (region) => {
      const dir = join(data, 'hosts', region)
      return {
        dir,
        db: join(dir, 'host.db'),
        socket: join(runDir, `h-${region}.sock`),
        keeperSocket: join(runDir, `k-${region}.sock`),
        edgeDir: join(dir, 'edge'),
        edgeConfig: join(dir, 'edge', 'edge.json'),
        edgeStatusSocket: join(runDir, `e-${region}.sock`),
      }
    },
  }
}
