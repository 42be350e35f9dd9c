/** Milliseconds as Go prints a duration (`1m30s`, `10s`, `1.5s`, `250ms`): what flyctl puts into machine config. */
export function printGoDuration(ms: number): string {
  if (ms === 0) return '0s'
  if (ms < 1000) return `${trim(ms)}ms`
  const hours = Math.floor(ms / 3_600_000)
  const minutes = Math.floor((ms % 3_600_000) / 60_000)
  const seconds = trim((ms % 60_000) / 1000)
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`
}
const trim = (value: number) => String(Number(value.toFixed(6)))
