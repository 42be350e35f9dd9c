import { isAbsolute, join, resolve } from 'node:path'
import { stat } from 'node:fs/promises'
import { fault } from '../model/fault/fault.ts'
import { readIfThere } from '../kit/durable-file.ts'
import type { CliContext } from './context.ts'

interface AppFlagValues {
  readonly app: string | undefined
  readonly config: string | undefined
}
const sizeLimit = 1024 * 1024

/** The app a command is about: --app, FLY_APP or KANTE_APP, or the `app` of the fly.toml here (or of --config). Fault no_app_name. */
export async function appNameOf(ctx: Pick<CliContext, 'env' | 'cwd'>, flags: AppFlagValues): Promise<string> {
  const name = await findAppName(ctx, flags)
  if (name === undefined) throw fault('no_app_name', {})
  return name
}

/** The same, or undefined when nothing names an app. */
export async function findAppName(ctx: Pick<CliContext, 'env' | 'cwd'>, flags: AppFlagValues): Promise<string | undefined> {
  const named = [flags.app, ctx.env['KANTE_APP'], ctx.env['FLY_APP']].find((name) => name !== undefined && name !== '')
  if (named !== undefined) return named
  const path = await configPath(ctx, flags.config)
  const text = await readIfThere(path)
  if (text === undefined) {
    if (flags.config !== undefined) throw fault('config_missing', { path })
    return undefined
  }
  return appOfConfig(path, text.slice(0, sizeLimit))
}

/** The config file a command means: --config, a folder or a file; else fly.toml here. */
export async function configPath(ctx: Pick<CliContext, 'cwd'>, config: string | undefined): Promise<string> {
  if (config === undefined) return join(ctx.cwd, 'fly.toml')
  const path = isAbsolute(config) ? config : resolve(ctx.cwd, config)
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  return found?.isDirectory() === true ? join(path, 'fly.toml') : path
}

/** The app that a config file names, by the form its name says. A JSON file that cannot be read names none: the command that needs it says why. */
function appOfConfig(path: string, text: string): string | undefined {
  if (/\.ya?ml$/.test(path)) return /^app:[ \t]*["']?([\w-]+)["']?[ \t]*(?:#.*)?$/m.exec(text.replaceAll('\r', ''))?.[1]
  if (!path.endsWith('.json')) return appOfFlyToml(text)
  return /^[ \t]*"app"[ \t]*:[ \t]*"([\w-]+)"/m.exec(text)?.[1] ?? /^\s*\{\s*"app"\s*:\s*"([\w-]+)"/.exec(text)?.[1]
}

/**
 * Just the top-level `app` key, so that a command about an app need not load a TOML parser, nor fail for an unrelated mistake in the file.
 * A key before the first table header, its value a basic or literal string.
 */
export function appOfFlyToml(text: string): string | undefined {
  for (const line of text.split('\n')) {
    if (/^\s*\[/.test(line)) return undefined
    const match = /^\s*(?:app|"app"|'app')\s*=\s*(?:"([^"\\]*)"|'([^']*)')\s*(?:#.*)?$/.exec(line.replace(/\r$/, ''))
    if (match) return match[1] ?? match[2]
  }
  return undefined
}
