import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { arch, platform } from 'node:process'
import { basename, delimiter, dirname, join } from 'node:path'
import { extract } from 'tar'
import type { DependencyInstaller, InstallRequest } from '../control/bundles/dependency-installer.ts'
import type { Log } from '../kit/log.ts'
import { pyprojectDependencies } from './dependencies/dependencies-of.ts'
import { installCommand, installEnvironment, pythonPackagesFolder } from './dependencies/install-command.ts'
import { runInstaller } from './dependencies/run-installer.ts'
import { packFiles } from './pack/pack-project.ts'

export interface InstallerDeps {
  readonly log: Log
  /** The daemon's environment; only what a package manager needs of it goes on (`installEnvironment`). */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly timeoutMs?: number
}

/** Installs dependencies with the package manager of this computer, in a folder that is gone afterwards (ADR 0011). */
export function openInstaller(deps: InstallerDeps): DependencyInstaller {
  const path = [deps.environment['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', dirname(process.execPath)].join(delimiter)
  const environment = installEnvironment(deps.environment, path)
  return {
    fingerprint: `${platform}-${arch}-node${process.versions.node.split('.')[0] ?? ''}`,
    install: async (request) => {
      // The name makes a later start of the platform clear it away when this one is killed.
      const folder = join(dirname(request.outputFile), `${basename(request.outputFile)}.install.tmp`)
      await mkdir(folder, { mode: 0o700 })
      try {
        await extractFiles(request, folder)
        const requirements = request.kind === 'pip' && !request.files.includes('requirements.txt') ? await readRequirements(folder) : []
        const command = installCommand(request.kind, request.files, requirements)
        deps.log.info('installing dependencies', { argv: command.argv })
        await runInstaller(
          { argv: command.argv, env: { ...environment, ...command.env }, cwd: folder },
          { timeoutMs: deps.timeoutMs ?? 600_000, signal: request.signal, report: request.report },
        )
        await packFiles(folder, await resultOf(request.kind, folder), request.outputFile, { isRecursive: true })
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}

async function extractFiles(request: InstallRequest, folder: string): Promise<void> {
  const wanted = new Set(request.files)
  await extract({ file: request.sourceFile, cwd: folder, preserveOwner: false, filter: (path) => wanted.has(path.replace(/^\.\//, '')) })
}

const readRequirements = async (folder: string) => pyprojectDependencies(await readFile(join(folder, 'pyproject.toml'), 'utf8'))

/** Each folder that the package manager made: one at the top, and one beside each workspace that has versions of its own. */
async function resultOf(kind: InstallRequest['kind'], folder: string): Promise<readonly string[]> {
  const wanted = kind === 'pip' ? pythonPackagesFolder : 'node_modules'
  const found: string[] = []
  const visit = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`
      if (!entry.isDirectory()) continue
      if (entry.name === wanted) found.push(path)
      else await visit(path)
    }
  }
  await visit('')
  // An archive needs an entry: nothing to install is an empty folder.
  if (found.length === 0) await mkdir(join(folder, wanted))
  return found.length === 0 ? [wanted] : found.toSorted()
}
