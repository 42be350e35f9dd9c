import { fault } from '../fault/fault.ts'

export const schedules = ['hourly', 'daily', 'weekly', 'monthly'] as const
export type Schedule = (typeof schedules)[number]
const hourMs = 3_600_000
const periodMs: Readonly<Record<Exclude<Schedule, 'monthly'>, number>> = { hourly: hourMs, daily: 24 * hourMs, weekly: 7 * 24 * hourMs }

/** Fault invalid_value for a word that is no schedule. */
export function parseSchedule(text: string): Schedule {
  const found = schedules.find((schedule) => schedule === text)
  if (found === undefined) throw fault('invalid_value', { field: 'config.schedule', found: text, rule: schedules.join(', ') })
  return found
}

/** The first time after `afterMs` that is whole periods from the anchor; a month keeps the day, or takes the month's last (UTC). */
export function nextDueMs(schedule: Schedule, anchorMs: number, afterMs: number): number {
  if (schedule === 'monthly') return nextMonthMs(anchorMs, afterMs)
  const period = periodMs[schedule]
  return anchorMs + (Math.floor(Math.max(0, afterMs - anchorMs) / period) + 1) * period
}

function nextMonthMs(anchorMs: number, afterMs: number): number {
  const anchor = new Date(anchorMs)
  const after = new Date(Math.max(anchorMs, afterMs))
  const monthsBetween = (after.getUTCFullYear() - anchor.getUTCFullYear()) * 12 + after.getUTCMonth() - anchor.getUTCMonth()
  const due = [monthsBetween, monthsBetween + 1].map((months) => addMonthsMs(anchor, months)).find((time) => time > afterMs && time > anchorMs)
  return due ?? addMonthsMs(anchor, monthsBetween + 2)
}

function addMonthsMs(anchor: Date, months: number): number {
  const month = anchor.getUTCMonth() + months
  const lastDay = new Date(Date.UTC(anchor.getUTCFullYear(), month + 1, 0)).getUTCDate()
  const midnight = Date.UTC(anchor.getUTCFullYear(), month, Math.min(anchor.getUTCDate(), lastDay))
  return midnight + (anchor.getTime() % (24 * hourMs))
}
