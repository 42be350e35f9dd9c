import type { Writable } from 'node:stream'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { prefixes } from '../../store/keys.ts'
import type { Mirror } from '../../store/mirror.ts'
import { followRoutes } from './route-changes.ts'

const beatMs = 2_000
/** An edge that lets this much pile up is dropped; it comes back and gets a snapshot. */
const longestBacklogBytes = 8 * 1024 * 1024

/** Tells edges what to route: one snapshot, then what changed, gathered per turn of the event loop and written once for all of them. */
export interface RouteFeed extends Disposable {
  readonly readers: number
  add(reader: Writable): void
}

export function openRouteFeed(deps: { readonly mirror: Mirror; readonly clock: Clock; readonly log: Log }): RouteFeed {
  const { mirror, clock, log } = deps
  const changes = followRoutes(mirror)
  const readers = new Set<Writable>()
  let scheduled: NodeJS.Immediate | undefined

  const write = (reader: Writable, text: string) => {
    if (reader.writableLength > longestBacklogBytes) {
      log.warn('an edge reads its routes too slowly and is dropped', { backlogBytes: reader.writableLength })
      reader.destroy()
      return
    }
    reader.write(text)
  }
  const flush = () => {
    scheduled = undefined
    const delta = changes.take()
    if (delta === undefined) return
    const text = `${JSON.stringify(delta)}\n`
    for (const reader of readers) write(reader, text)
  }
  const listening = [prefixes.apps, prefixes.hosts, prefixes.machines, prefixes.observed].map((prefix) =>
    mirror.onChange(prefix, (events) => {
      for (const event of events) changes.touch(event.key)
      scheduled ??= setImmediate(flush)
    }),
  )
  let beat = clock.timer(beatMs, sendBeats)
  function sendBeats(): void {
    // A beat says that all up to its revision was told.
    flush()
    const text = `${JSON.stringify({ type: 'beat', revision: mirror.revision })}\n`
    for (const reader of readers) write(reader, text)
    beat = clock.timer(beatMs, sendBeats)
  }

  return {
    get readers() {
      return readers.size
    },
    add(reader) {
      // What is pending goes to the others first: the snapshot has it already.
      flush()
      reader.write(`${JSON.stringify(changes.snapshot())}\n`)
      readers.add(reader)
      reader.once('close', () => readers.delete(reader))
      reader.on('error', (error) => log.debug('an edge left its route feed', { error }))
    },
    [Symbol.dispose]() {
      beat[Symbol.dispose]()
      clearImmediate(scheduled)
      for (const listener of listening) listener[Symbol.dispose]()
      for (const reader of readers) reader.destroy()
    },
  }
}
