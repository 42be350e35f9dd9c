import { detectNode } from './detect-node.ts'
import { detectDeno, detectGo, detectStatic } from './detect-others.ts'
import { detectPython } from './detect-python.ts'
import type { DetectedProject } from './detected-project.ts'
import type { ProjectFiles } from './project-files.ts'

/** What a project is, by the files that only such projects have; undefined when nothing tells. */
export function detectProject(files: ProjectFiles): DetectedProject | undefined {
  const hasDenoManifest = files.has('deno.json') || files.has('deno.jsonc')
  if (hasDenoManifest) return detectDeno(files)
  const node = detectNode(files)
  // A package.json that starts nothing is most often a site's build.
  if (node !== undefined && node.start === undefined) return detectStatic(files) ?? node
  return node ?? detectPython(files) ?? detectGo(files) ?? detectDeno(files) ?? detectStatic(files)
}
