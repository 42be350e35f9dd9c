/** Builds what is published: one bundle per entry, split so that the CLI loads only the command it runs. Node strips no types below node_modules. */
import { build } from 'esbuild'
import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { entries, files } from './entries.ts'

const root = join(import.meta.dirname, '..')
const out = join(root, 'dist')
await rm(out, { recursive: true, force: true })
await mkdir(out)
await build({
  entryPoints: Object.fromEntries(Object.entries(entries).map(([name, source]) => [name, join(root, source)])),
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node26',
  // Flat, so that import.meta.url of any chunk lies beside the entries.
  chunkNames: '[name]-[hash]',
  legalComments: 'eof',
  logLevel: 'warning',
  // CommonJS inside the bundle asks for node: modules by require.
  banner: { js: "import { createRequire as kanteRequire } from 'node:module'; const require = kanteRequire(import.meta.url);" },
})
for (const [name, source] of Object.entries(files)) await cp(join(root, source), join(out, name), { recursive: true })
