import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { describe } from './describe-listening.ts'
import { parseListeningTable } from './listening-table.ts'

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0000000000000000 100 0 0 10 0
   1: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 333 1 0000000000000000 20 4 30 10 -1
`
const table6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 444 1
   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 555 1
   2: 0000000000000000FFFF00000200057F:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 666 1
`

test('listening sockets are read with their address, port and inode', () => {
  assert.deepEqual(parseListeningTable(table), [
    { address: '127.0.0.1', port: 8080, inode: '111' },
    { address: '0.0.0.0', port: 3000, inode: '222' },
  ])
  assert.deepEqual(parseListeningTable(table6), [
    { address: '::', port: 8080, inode: '444' },
    { address: '::1', port: 80, inode: '555' },
    { address: '127.5.0.2', port: 8080, inode: '666' },
  ])
})

test('no text makes it throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => table.replace('0100007F', text)),
      ),
      (text) => Array.isArray(parseListeningTable(text)),
    ),
  )
})

test('the description names where it listens and where it should', () => {
  const [local, all] = parseListeningTable(table)
  assert.equal(describe([], '127.5.0.2:8080'), 'it listens on no port')
  assert.equal(describe(all ? [all] : [], '127.5.0.2:8080'), 'it listens on 0.0.0.0:3000, not on 127.5.0.2:8080')
  assert.equal(describe(local ? [local] : [], '127.0.0.1:8080'), 'it listens on 127.0.0.1:8080 but does not accept')
})
