import { strict as assert } from 'node:assert'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Header } from 'tar'
import { openBundleStore } from '../../../src/host/bundles/bundle-store.ts'
import { unpackLayer } from '../../../src/host/bundles/unpack-layer.ts'
import { silentLog } from '../../../src/kit/log.ts'
import { isFault } from '../../../src/model/fault/fault.ts'
import { digestOfHex } from '../../../src/model/ids.ts'
import { testLayers } from '../../conformance/runtime/test-layers.ts'

interface Entry {
  readonly path: string
  readonly type?: 'File' | 'SymbolicLink' | 'Link' | 'Directory' | 'FIFO'
  readonly linkpath?: string
  readonly text?: string
}
/** A tar as nobody's tool makes it. */
const tarOf = (entries: readonly Entry[]) => {
  const blocks = entries.flatMap(({ path, type = 'File', linkpath, text = '' }) => {
    const header = new Header({
      path,
      type,
      mode: 0o644,
      size: Buffer.byteLength(text),
      mtime: new Date(0),
      ...(linkpath === undefined ? {} : { linkpath }),
    })
    const block = Buffer.alloc(512)
    header.encode(block, 0)
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / 512) * 512)
    body.write(text)
    return [block, body]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}
const digestOf = (bytes: Buffer) => digestOfHex(createHash('sha256').update(bytes).digest('hex'))

async function inFolder(work: (dir: string) => Promise<void>) {
  const dir = await mkdtemp(join(tmpdir(), 'kante-u-'))
  try {
    await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
const unpack = (bytes: Buffer, dir: string, digest = digestOf(bytes), isShared = false) =>
  unpackLayer(Readable.from([bytes]), digest, join(dir, 'layer'), { isShared })

test('a layer is unpacked with its folders and links', () =>
  inFolder(async (dir) => {
    const bytes = tarOf([
      { path: 'a/b.txt', text: 'hello' },
      { path: 'a/c', type: 'SymbolicLink', linkpath: 'b.txt' },
    ])
    await unpack(bytes, dir)
    assert.equal(await readFile(join(dir, 'layer', 'a', 'c'), 'utf8'), 'hello')
  }))

test('files that machines share cannot be written to', () =>
  inFolder(async (dir) => {
    const bytes = tarOf([{ path: 'a.txt', text: 'hello' }])
    await unpack(bytes, dir, digestOf(bytes), true)
    assert.equal((await stat(join(dir, 'layer', 'a.txt'))).mode & 0o222, 0)
  }))

test('nothing is left of a layer that leads out, lies about its digest or is cut off', async () => {
  const good = tarOf([{ path: 'a.txt', text: 'hello'.repeat(1000) }])
  const cases: readonly (readonly [string, Buffer, string?])[] = [
    ['an absolute path', tarOf([{ path: '/tmp/kante-out' }])],
    ['a path upwards', tarOf([{ path: 'a/../../kante-out' }])],
    [
      'a link upwards',
      tarOf([
        { path: 'a', type: 'SymbolicLink', linkpath: '..' },
        { path: 'a/out', text: 'x' },
      ]),
    ],
    ['an absolute link', tarOf([{ path: 'a', type: 'SymbolicLink', linkpath: '/etc/passwd' }])],
    ['a hard link out', tarOf([{ path: 'a', type: 'Link', linkpath: '../../etc/passwd' }])],
    ['a device', tarOf([{ path: 'a', type: 'FIFO' }])],
    ['another digest', good, 'f'.repeat(64)],
    ['half of it', good.subarray(0, good.length / 2)],
    ['no tar at all', Buffer.from('hello')],
  ]
  for (const [what, bytes, hex] of cases) {
    await inFolder(async (dir) => {
      const digest = hex === undefined ? digestOf(bytes) : digestOfHex(hex)
      await assert.rejects(unpack(bytes, dir, digest), (error) => isFault(error, 'layer_damaged'), what)
      assert.deepEqual(await readdir(dir), [], what)
    })
  }
})

test('a layer is fetched once, also when several machines ask at the same time, and swept when no bundle needs it', () =>
  inFolder(async (dir) => {
    const layers = testLayers()
    const kept = await layers.add({ source: { 'a.js': '1' }, start: { kind: 'command', argv: ['node', 'a.js'] } })
    const old = await layers.add({ source: { 'a.js': '2' }, start: { kind: 'command', argv: ['node', 'a.js'] } })
    let fetched = 0
    const source = { bundle: (digest: typeof kept) => layers.bundle(digest), layer: (digest: typeof kept) => (fetched++, layers.layer(digest)) }
    const store = await openBundleStore({ layers: source, log: silentLog }, { dir })
    const [layer] = (await store.bundle(kept)).layers
    assert.ok(layer)
    const folders = await Promise.all([store.layer(layer), store.layer(layer), store.layer(layer)])
    assert.equal(fetched, 1)
    const [oldLayer] = (await store.bundle(old)).layers
    if (oldLayer) await store.layer(oldLayer)
    await store.sweep(new Set([kept]))
    assert.deepEqual(await readdir(join(dir, 'layers')), [layer.digest.slice(7)])
    assert.equal(await readFile(join(folders[0] ?? '', 'a.js'), 'utf8'), '1')

    // A daemon that starts anew while control is away has all it needs.
    const away = () => Promise.reject(new Error('control is away'))
    const again = await openBundleStore({ layers: { bundle: away, layer: away }, log: silentLog }, { dir })
    assert.equal(await again.layer((await again.bundle(kept)).layers[0] ?? layer), folders[0])
  }))
