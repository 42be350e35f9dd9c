/* oxlint-disable no-control-regex -- control characters are what is tested */
import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ago } from './ago.ts'
import { renderLogLine } from './log-line.ts'
import { styleFor } from './style.ts'
import { renderFields, renderFittingTable, renderTable } from './table.ts'
import { printable, withColoursOnly } from './terminal-text.ts'
import type { LogLine } from '../../protocol/log-line.ts'

test('columns line up, also beside wide characters, and no line ends in spaces', () => {
  const table = renderTable<readonly [string, string]>(
    [
      ['name', ([name]) => name],
      ['state', ([, state]) => state],
      ['', () => ''],
    ],
    [
      ['web', 'started'],
      ['東京', 'stopped'],
    ],
  )
  assert.equal(table, 'NAME  STATE\nweb   started\n東京  stopped')
  assert.equal(
    renderFields([
      ['Name', 'web'],
      ['Image', undefined],
      ['Machines', 2],
    ]),
    'Name      web\nMachines  2',
  )
})

test('columns that can be spared go, one after the other, until the table fits the terminal', () => {
  const columns = [
    ['id', () => 'abc'],
    ['name', () => 'quiet-lake'],
    ['image', () => 'bundle@sha256:1234'],
  ] as const
  const titles = (width: number | undefined) =>
    renderFittingTable<number>(columns, [1], { width, dispensable: ['image', 'name'] })
      .split('\n')[0]
      ?.split(/ +/)
  assert.deepEqual(titles(undefined), ['ID', 'NAME', 'IMAGE'])
  assert.deepEqual(titles(35), ['ID', 'NAME', 'IMAGE'])
  assert.deepEqual(titles(34), ['ID', 'NAME'])
  assert.deepEqual(titles(5), ['ID'])
})

test('no text of a machine can steer the terminal', () => {
  assert.equal(printable('a\u001B[2Jb\nc'), 'a\uFFFD[2Jb c')
  assert.equal(withColoursOnly('\u001B[31mred\u001B[0m \u001B[2J\u001B]0;title\u0007ok\r'), '\u001B[31mred\u001B[0m ok')
})

test('property: after cleaning, the only escape sequences left are colours', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('\u001B', '[', ']', '31', ';', 'm', 'H', 'x', '\u0007', '\u009B', '\\', '?', '\n'), { maxLength: 30 }),
      (parts) => {
        const left = withColoursOnly(parts.join('')).replaceAll(/\u001B\[[0-9;]*m/g, '')
        assert.doesNotMatch(left, /[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/)
      },
    ),
  )
})

test('a log line has Fly.io’s form', () => {
  const line: LogLine = {
    id: '1',
    timestamp: '2026-01-02T03:04:05.678Z',
    app: 'web' as LogLine['app'],
    machine: '3d8d4e5f6a7b8c' as LogLine['machine'],
    region: 'fra' as LogLine['region'],
    provider: 'app',
    level: 'info',
    message: 'Server listening on port 8080',
  }
  const plain = styleFor({ isTty: false }, {})
  assert.equal(renderLogLine(line, plain), '2026-01-02T03:04:05.678Z app[3d8d4e5f6a7b8c] fra [info]Server listening on port 8080')
})

test('colours are for terminals, and NO_COLOR takes them away', () => {
  assert.equal(styleFor({ isTty: true }, {}).red('x'), '\u001B[31mx\u001B[39m')
  assert.equal(styleFor({ isTty: true }, { NO_COLOR: '1' }).red('x'), 'x')
  assert.equal(styleFor({ isTty: false }, {}).red('x'), 'x')
})

test('times are told by their distance', () => {
  const now = Date.parse('2026-01-02T00:00:00Z')
  assert.equal(ago('2026-01-01T23:59:48Z', now), '12s ago')
  assert.equal(ago('2026-01-01T23:57:30Z', now), '2m30s ago')
  assert.equal(ago('2026-01-01T21:00:00Z', now), '3h0m ago')
  assert.equal(ago('2025-06-01T00:00:00Z', now), '2025-06-01')
  assert.equal(ago('never', now), 'never')
})
