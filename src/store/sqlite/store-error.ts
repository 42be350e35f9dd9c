import { fault, type Fault } from '../../model/fault/fault.ts'
import type { WireFault } from './worker-protocol.ts'

/** Thrown inside the store's thread; carries what `toFault` needs on the other side. */
export class StoreError extends Error {
  readonly fault: WireFault
  constructor(wire: WireFault, cause?: unknown) {
    super(wire.code, { cause })
    this.fault = wire
  }
}
export const storeError = (code: WireFault['code'], detail: object, cause?: unknown) => new StoreError({ code, detail }, cause)

/** SQLite's primary result codes (https://sqlite.org/rescode.html). */
const sqlite = { busy: 5, ioError: 10, full: 13, notADatabase: 26 } as const

/** The fault that an error in the store's thread means to callers. */
export function wireFault(error: unknown, path: string): WireFault {
  if (error instanceof StoreError) return error.fault
  switch (primaryCode(error)) {
    case sqlite.full:
      return { code: 'store_full', detail: { path } }
    case sqlite.busy:
      return { code: 'store_in_use', detail: { path } }
    case sqlite.notADatabase:
      return { code: 'foreign_data', detail: { path, reason: 'not an SQLite database' } }
    default:
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return { code: 'store_full', detail: { path } }
      return { code: 'store_unavailable', detail: { reason: error instanceof Error ? error.message : String(error) } }
  }
}

/** True when the disk itself failed: what was thought written may be gone (a failed fsync drops dirty pages). */
export const isDiskFailure = (error: unknown): boolean => primaryCode(error) === sqlite.ioError

/** 0 for what is no error of SQLite. */
function primaryCode(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return 0
  return error.errcode & 0xff
}

export const toFault = (wire: WireFault, reason?: string): Fault =>
  fault(wire.code, wire.detail as never, reason === undefined ? undefined : new Error(reason))
