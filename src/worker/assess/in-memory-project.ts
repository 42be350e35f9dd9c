import { tooLarge, maxFileBytes, type SourceFiles } from '../project/source-files.ts'

/** A project given as texts: path → content. */
export function inMemoryProject(texts: Readonly<Record<string, string>>): SourceFiles {
  return {
    dir: 'project',
    list: () => Promise.resolve({ files: Object.keys(texts), isCut: false }),
    read: (path) => {
      const text = Object.hasOwn(texts, path) ? texts[path] : undefined
      return Promise.resolve(text !== undefined && text.length > maxFileBytes ? tooLarge : text)
    },
    measure: (folder) => {
      const inside = Object.entries(texts).filter(([path]) => path.startsWith(`${folder.replace(/^\.\//, '').replace(/\/$/, '')}/`))
      return Promise.resolve({ files: inside.length, largestBytes: Math.max(0, ...inside.map(([, text]) => text.length)), largest: inside[0]?.[0] })
    },
  }
}
