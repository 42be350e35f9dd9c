/** A listening TCP socket as the kernel lists it. */
export interface ListeningEntry {
  readonly address: string
  readonly port: number
  /** Names the socket: `/proc/PID/fd` links to `socket:[inode]`. */
  readonly inode: string
}

const listening = '0A'
const tableLimitBytes = 16 * 1024 * 1024

/** The listening sockets of /proc/net/tcp or tcp6 (proc_pid_net(5)); lines that are none are passed over. Pure. */
export function parseListeningTable(text: string): readonly ListeningEntry[] {
  return text
    .slice(0, tableLimitBytes)
    .split('\n')
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/)
      const [hexAddress, hexPort] = (fields[1] ?? '').split(':')
      const inode = fields[9]
      if (fields[3] !== listening || hexAddress === undefined || hexPort === undefined || inode === undefined) return []
      const address = addressOf(hexAddress)
      const port = Number.parseInt(hexPort, 16)
      return address === undefined || !(port >= 0 && port <= 65_535) ? [] : [{ address, port, inode }]
    })
}

/** Words of 32 bits in the byte order of the computer, which is little-endian wherever Node runs. */
function addressOf(hex: string): string | undefined {
  if (!/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/i.test(hex)) return undefined
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].toReversed())
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.slice(0, 12).every((byte, index) => byte === (index < 10 ? 0 : 255))) return bytes.slice(12).join('.')
  const groups = Array.from({ length: 8 }, (_, index) => (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16))
  return groups.join(':').replace(/(?:^|:)0(?::0)+(?:$|:)/, '::')
}
