/** What the decisions about a project may see of it: paths relative to its folder, and the text of small files near the top. */
export interface ProjectFiles {
  has(path: string): boolean
  text(path: string): string | undefined
}

/** A project given as a table of path and text. */
export function projectOf(files: Readonly<Record<string, string>>): ProjectFiles {
  return { has: (path) => Object.hasOwn(files, path), text: (path) => (Object.hasOwn(files, path) ? files[path] : undefined) }
}
