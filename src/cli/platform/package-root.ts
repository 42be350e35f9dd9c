import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fault } from '../../model/fault/fault.ts'

/** The folder that holds bin/kanted: above this file in a checkout, above the bundle in a package. */
export function packageRoot(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'bin', 'kanted'))) return folder
    if (dirname(folder) === folder) throw fault('daemon_failed', { reason: `there is no bin/kanted above ${from}`, log: 'none' })
  }
}
