/** Commands of flyctl that Kante has under another name, or does not have yet: what to type instead. One that lands here leaves this list. */
export const flyctlWords: Readonly<Record<string, string>> = {
  console: 'run a command on a machine by `kante machine exec ID COMMAND`',
  ssh: 'run a command on a machine by `kante machine exec ID COMMAND`',
  history: '`kante releases` lists what was deployed',
  info: '`kante status` shows the app',
  ps: '`kante status` and `kante machine list` show the machines',
  login: 'there is no account: `kante auth whoami` shows whose token is in use',
  signup: 'there is no account: `kante up` starts a platform of your own',
  vm: 'machines are under `kante machine`',
  ...Object.fromEntries(
    ['certs', 'dashboard', 'ips', 'mysql', 'mpg', 'postgres', 'proxy', 'redis', 'sftp', 'storage', 'volumes', 'wireguard'].map((word) => [
      word,
      'flyctl has it, Kante does not yet',
    ]),
  ),
}
