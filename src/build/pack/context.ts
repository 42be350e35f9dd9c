import { resolve } from 'node:path'
import { readIfThere } from '../../kit/durable-file.ts'
import { parseDockerignore, type IgnoreRules } from '../dockerignore/dockerignore.ts'

/** The rules of a build context, first found wins: [build] ignorefile (an absolute path), `<Dockerfile>.dockerignore`, `.dockerignore`. */
export async function readIgnoreRules(dir: string, options: { readonly ignorefile?: string; readonly dockerfile: string }): Promise<IgnoreRules> {
  for (const name of [options.ignorefile, `${options.dockerfile}.dockerignore`, '.dockerignore']) {
    const text = name === undefined ? undefined : await readIfThere(resolve(dir, name))
    if (text !== undefined) return parseDockerignore(text)
  }
  return parseDockerignore('')
}
