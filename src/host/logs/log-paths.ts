import { join } from 'node:path'
import type { AppName, MachineId } from '../../model/ids.ts'

/** `logs/<app>/<machine>.ndjson`, written by the keeper; beside it `host.ndjson`, the host's own. Each may have one older file, `….1`. */
export const appLogDir = (logsDir: string, app: AppName): string => join(logsDir, app)
export const machineLogFile = (logsDir: string, app: AppName, machine: MachineId): string => join(logsDir, app, `${machine}.ndjson`)
export const hostLogFile = (logsDir: string, app: AppName): string => join(logsDir, app, 'host.ndjson')
