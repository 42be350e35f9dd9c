/** `12s ago`, `3m ago` … of an RFC 3339 time; the text itself when it is none. */
export function ago(time: string | number | undefined, nowMs: number): string {
  if (time === undefined || time === '') return ''
  const then = typeof time === 'number' ? time : Date.parse(time)
  if (Number.isNaN(then)) return String(time)
  const seconds = Math.max(0, Math.round((nowMs - then) / 1000))
  if (seconds < 60) return `${seconds}s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${seconds % 60}s ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m ago`
  return new Date(then).toISOString().slice(0, 10)
}
