import type { RequestLogEntry } from '../transport/proxy-contract.ts'

const three = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, '0'))

/** A JSON string in ASCII, so that a line has as many bytes as characters. */
function quoted(text: string): string {
  // The characters that JSON takes as they are.
  if (!/[^ !#-[\]-~]/.test(text)) return `"${text}"`
  return JSON.stringify(text).replace(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
/** To thousandths; by small integers, whose texts V8 keeps. */
function thousandths(ms: number): string {
  if (ms >= 1e6) return String(Math.round(ms))
  const us = (ms * 1000 + 0.5) | 0
  const whole = (us / 1000) | 0
  return `${whole}.${three[us - whole * 1000]}`
}

/**
 * Makes the line of JSON (ASCII, with its line feed) of a request, at a fraction of the cost of `JSON.stringify`. Host and path may be anything; ids, codes,
 * method and address are of the edge's own making, with nothing in them to escape. Times in milliseconds.
 * Left out where they say nothing: `requestBodyBytes`, `connectMs`, `heldMs` of 0, `attempts` of 0 and 1, what is not known of the machine.
 */
export function openRequestLines(edge: string): (entry: RequestLogEntry) => string {
  const edgePart = `Z","edge":${quoted(edge)},"requestId":"`
  let second = -1
  let secondText = ''
  let host = ''
  let hostText = quoted(host)
  return (entry) => {
    const { timeMs, app, machine } = entry
    const now = Math.floor(timeMs / 1000)
    if (now !== second) {
      second = now
      secondText = `{"time":"${new Date(now * 1000).toISOString().slice(0, 19)}.`
    }
    if (entry.host !== host) {
      host = entry.host
      hostText = quoted(host)
    }
    let line =
      `${secondText}${three[timeMs - now * 1000] ?? '000'}${edgePart}${entry.requestId}","method":"${entry.method}","host":${hostText},"path":${quoted(entry.path)},` +
      `"status":${entry.status},"outcome":"${entry.outcome}","responseBodyBytes":${entry.responseBodyBytes},"totalMs":${thousandths(entry.totalMs)},` +
      `"firstByteMs":${thousandths(entry.firstByteMs)},"edgeRegion":"${entry.edgeRegion}","clientAddress":"${entry.clientAddress}"`
    if (entry.requestBodyBytes !== 0) line += `,"requestBodyBytes":${entry.requestBodyBytes}`
    if (entry.connectMs !== 0) line += `,"connectMs":${thousandths(entry.connectMs)}`
    if (entry.heldMs !== 0) line += `,"heldMs":${thousandths(entry.heldMs)}`
    if (entry.attempts > 1) line += `,"attempts":${entry.attempts}`
    if (app !== undefined) line += `,"app":"${app}"`
    return machine === undefined ? `${line}}\n` : `${line},"machine":"${machine}","machineRegion":"${entry.machineRegion ?? ''}"}\n`
  }
}
