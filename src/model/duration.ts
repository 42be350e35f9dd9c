import { fault } from './fault/fault.ts'

const unitsMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Go's time.ParseDuration without signs: `1h2m3.5s`; milliseconds. */
export function parseGoDuration(field: string, text: string): number {
  if (text === '0') return 0
  let total = 0
  let rest = text
  while (rest.length > 0) {
    const match = /^(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/.exec(rest)
    if (!match?.[1] || !match[2]) throw fault('invalid_value', { field, found: text, rule: 'a duration such as 500ms, 10s or 1m30s' })
    total += Number(match[1]) * (unitsMs[match[2]] ?? 0)
    rest = rest.slice(match[0].length)
  }
  if (text.length === 0) throw fault('invalid_value', { field, found: text, rule: 'a duration such as 500ms, 10s or 1m30s' })
  return total
}

/** A duration of machine config JSON: a string is a Go duration, a number nanoseconds (platform-semantics §3.2). */
export function wireDurationMs(field: string, value: string | number | undefined, defaultMs: number): number {
  if (value === undefined || value === '') return defaultMs
  return typeof value === 'number' ? value / 1e6 : parseGoDuration(field, value)
}
