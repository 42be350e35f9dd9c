import { errorsPage } from './errors.ts'
import { machineStatesPage } from './machine-states.ts'

/** The generated pages of docs/reference: file name → text. `npm run gen` writes them, the architecture test compares. */
export async function referencePages(): Promise<Readonly<Record<string, string>>> {
  return { 'errors.md': errorsPage(), 'states.md': machineStatesPage() }
}
