/**
 * The file to start as a thread or process of its own. From source it is the module named relative to `moduleUrl`; in the published bundle
 * every entry lies flat beside the chunk that starts it, compiled: `./sqlite/store-worker.ts` becomes `./store-worker.js`.
 */
export function entryUrl(moduleUrl: string, source: string): URL {
  if (!moduleUrl.endsWith('.js')) return new URL(source, moduleUrl)
  const name = source.slice(source.lastIndexOf('/') + 1).replace(/\.ts$/, '.js')
  return new URL(`./${name}`, moduleUrl)
}
