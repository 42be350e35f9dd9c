import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { FlyConfig } from '../../fly-toml/fly-config.ts'
import { parseFlyToml } from '../../fly-toml/parse-fly-toml.ts'
import { readIfThere } from '../../kit/durable-file.ts'
import { fault } from '../../model/fault/fault.ts'
import { configPath } from '../app-name.ts'
import type { CliContext } from '../context.ts'

export interface ProjectConfig {
  readonly path: string
  /** As people see it: relative to where they are. */
  readonly shownPath: string
  readonly config: FlyConfig
  readonly definition: Readonly<Record<string, unknown>>
}

/** The fly.toml that a command is about, its warnings told on the way. Faults config_missing, config_invalid. */
export async function readProjectConfig(ctx: CliContext, config: string | undefined): Promise<ProjectConfig> {
  const path = await configPath(ctx, config)
  const text = await readIfThere(path)
  if (text === undefined) throw fault('config_missing', { path })
  const shownPath = relative(ctx.cwd, path) || path
  const reading = parseFlyToml(shownPath, text)
  for (const { line, key, problem } of reading.warnings) ctx.progress(`Warning: ${shownPath}:${line}: ${key}: ${problem}`)
  return { path, shownPath, config: reading.config, definition: reading.definition }
}

/** What `[[files]]` takes from beside fly.toml. Fault config_invalid when one is not there. */
export async function readLocalFiles({ path, shownPath, config }: ProjectConfig): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  for (const file of config.files) {
    if (file.content.kind !== 'local') continue
    const local = file.content.path
    try {
      found.set(local, await readFile(join(dirname(path), local)))
    } catch (error) {
      const problem = `cannot be read: ${error instanceof Error ? error.message : String(error)}`
      throw fault('config_invalid', { file: shownPath, line: file.line, key: 'files.local_path', problem }, error)
    }
  }
  return found
}
