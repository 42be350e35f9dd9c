import { commandTree } from '../../src/cli/command-index.ts'
import { renderCliReference } from '../../src/cli/framework/reference.ts'
import { describeApi } from '../../src/control/api/describe-api.ts'
import { version } from '../../src/kit/version.ts'
import { configPage } from './config.ts'
import { errorsPage } from './errors.ts'
import { machineStatesPage } from './machine-states.ts'
import { assessmentSchemaPage, workerRulesPage } from './worker-rules.ts'

/** The generated pages of docs/reference: file name → text. `npm run gen` writes them, the architecture test compares. */
export async function referencePages(): Promise<Readonly<Record<string, string>>> {
  return {
    'cli.md': await renderCliReference(commandTree),
    'config.md': configPage(),
    'errors.md': errorsPage(),
    'openapi.json': `${JSON.stringify(describeApi(version), null, 1)}\n`,
    'states.md': machineStatesPage(),
    'worker-assess.schema.json': assessmentSchemaPage(),
    'worker-rules.md': workerRulesPage(),
  }
}
