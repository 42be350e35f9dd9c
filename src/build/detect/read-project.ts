import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProjectFiles } from './project-files.ts'

const folders = ['', 'src', 'app', 'server', 'public', 'dist', 'build']
/** Programs that package.json names, wherever they lie. */
const programPath = /["'\s](?:\.\/)?([\w][\w./-]{0,200}\.[cm]?[jt]s)\b/g
const maxFileBytes = 1024 * 1024
const maxFiles = 400
const readable =
  /(?:^|\/)(?:Dockerfile[\w.-]*|Procfile|\.dockerignore|\.npmrc|[^/]+\.(?:json|jsonc|toml|txt|js|mjs|cjs|ts|mts|cts|tsx|jsx|py|mod|yaml|yml|lock))$/

/** Reads the files near the top of a project that decide what it is; larger ones and others are only known by name. */
export async function readProject(dir: string): Promise<ProjectFiles> {
  const names = new Set<string>()
  for (const folder of folders) {
    for (const entry of await entriesOf(join(dir, folder))) {
      if (entry.isFile() || entry.isSymbolicLink()) names.add(folder === '' ? entry.name : `${folder}/${entry.name}`)
    }
  }
  const texts = new Map<string, string>()
  const load = async (name: string) => {
    const text = await readSmall(join(dir, name))
    if (text === undefined) names.delete(name)
    else {
      names.add(name)
      if (text.length <= maxFileBytes) texts.set(name, text)
    }
  }
  await Promise.all(
    [...names]
      .filter((name) => readable.test(name))
      .slice(0, maxFiles)
      .map(load),
  )
  const named = [...(texts.get('package.json') ?? '').matchAll(programPath)].map((match) => match[1] ?? '')
  await Promise.all(
    named
      .filter((name) => !names.has(name) && !name.split('/').includes('..'))
      .slice(0, 32)
      .map(load),
  )
  return { has: (path) => names.has(path), text: (path) => texts.get(path) }
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return []
    throw error
  }
}

/** A link to nowhere or to a folder is no file. */
async function readSmall(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'EISDIR', 'ELOOP', 'ENOTDIR'].includes(String(error.code))) return undefined
    throw error
  }
}
