import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { kanteLauncher, repository, run } from '../testkit/command.ts'
import { cleanEnvironment, openTestPlatform } from '../testkit/platform.ts'

const sshd = '/usr/sbin/sshd'
const skip = process.getuid?.() !== 0 ? 'needs root' : existsSync(sshd) ? false : 'needs openssh-server'

test('a platform on another computer is reached through a real sshd, its token is fetched once', { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kante-ssh-'))
  await using platform = await openTestPlatform({ regions: ['fra'] })
  await platform.kante(['apps', 'create', 'far-away'])
  const port = await freePort()
  for (const name of ['host', 'user']) await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)])
  const config = join(folder, 'sshd_config')
  await writeFile(
    config,
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${join(folder, 'host')}
AuthorizedKeysFile ${join(folder, 'user.pub')}
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
SetEnv KANTE_HOME=${platform.home} PATH=${join(repository, 'bin')}:/usr/bin:/bin
`,
  )
  // sshd wants its folder even where it drops no rights.
  await mkdir('/run/sshd', { recursive: true })
  const server = spawn(sshd, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  try {
    let said = ''
    for await (const part of server.stderr) if (/Server listening/.test((said += String(part)))) break
    assert.match(said, /Server listening/)
    // The client's own settings: what ~/.ssh/config is to a user.
    const settings = join(folder, 'ssh_config')
    await writeFile(
      settings,
      `Host edge1
  HostName 127.0.0.1
  Port ${port}
  User root
  IdentityFile ${join(folder, 'user')}
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile ${join(folder, 'known')}
  LogLevel ERROR
`,
    )
    await mkdir(join(folder, 'bin'))
    await writeFile(join(folder, 'bin', 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${settings} "$@"\n`, { mode: 0o755 })
    const env = { ...cleanEnvironment(), KANTE_HOME: join(folder, 'home'), PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` }
    const kante = async (args: readonly string[]) => {
      const result = await run(kanteLauncher, args, { env })
      assert.equal(result.code, 0, result.stdout + result.stderr)
      return result.stdout
    }
    await kante(['context', 'add', 'berlin', '--ssh', 'edge1', '--api-port', String(platform.apiPort), '--use'])
    assert.match(await kante(['apps', 'list']), /far-away/)
    assert.match(await kante(['auth', 'whoami']), /operator/)
    assert.equal(await platform.token(), (await kante(['auth', 'token'])).trim())
  } finally {
    server.kill('SIGTERM')
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
    await rm(folder, { recursive: true, force: true })
  }
})

async function freePort(): Promise<number> {
  const probe = createServer()
  probe.listen({ host: '127.0.0.1', port: 0 })
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
