import type { Assessment } from '../assess/assessment.ts'
import { effortOf, formatTitles, shownPlaces, verdictOf, wayTitles } from './text-report.ts'

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'table'; readonly titles: readonly string[]; readonly rows: readonly (readonly string[])[] }

/** The report that a team discusses, apart from its markup. */
export const reportOf = (all: readonly Assessment[]): readonly Block[] => all.flatMap((one) => [...blocksOf(one)])

function* blocksOf(one: Assessment): Generator<Block> {
  yield { kind: 'heading', level: 1, text: `${one.name}: ${verdictOf(one)}` }
  yield {
    kind: 'text',
    text: `${one.entry.file ?? 'no entry of its own'}, ${formatTitles[one.entry.format]}${one.config === null ? '' : `; ${one.config}`}${one.environment === null ? '' : `, environment ${one.environment}`}; ${one.files} source files read.`,
  }
  for (const side of ['move', 'stay'] as const) {
    const rows = one.decision.reasons
      .filter((each) => each.side === side)
      .map((each) => [each.strength, each.text, shownPlaces(each.places, 5), each.rule])
    if (rows.length === 0) continue
    yield { kind: 'heading', level: 2, text: side === 'move' ? 'Reasons to move' : 'Reasons to stay' }
    yield { kind: 'table', titles: ['weight', 'reason', 'where', 'rule'], rows }
  }
  yield { kind: 'heading', level: 2, text: `The way: ${wayTitles[one.way.recommended]}` }
  yield { kind: 'text', text: one.way.why }
  yield {
    kind: 'table',
    titles: ['way', 'possible', 'effort'],
    rows: [
      ['run unmodified', one.way.run.possible, effortOf(one.way.run)],
      ['convert', one.way.convert.possible, effortOf(one.way.convert)],
    ],
  }
  for (const [name, way] of [
    ['Running it unmodified', one.way.run],
    ['Converting it', one.way.convert],
  ] as const) {
    const rows = [
      ...way.blocks.map((each) => ['blocks', each.text, shownPlaces(each.places, 5)]),
      ...way.work.map((each) => ['work', each.text, shownPlaces(each.places, 5)]),
    ]
    if (rows.length === 0) continue
    yield { kind: 'heading', level: 2, text: name }
    yield { kind: 'table', titles: ['', 'what', 'where'], rows }
  }
  if (one.findings.length > 0) {
    yield { kind: 'heading', level: 2, text: 'To know' }
    yield {
      kind: 'list',
      items: one.findings.map((each) => `${each.severity}: ${each.text}${each.places.length === 0 ? '' : ` (${shownPlaces(each.places, 5)})`}`),
    }
  }
  if (one.routes.length > 0) {
    yield { kind: 'heading', level: 2, text: 'Routes' }
    yield {
      kind: 'table',
      titles: ['method', 'path', 'by', 'where'],
      rows: one.routes.map((each) => [each.method ?? 'any', each.path, each.style, `${each.file}:${each.line}`]),
    }
  }
  if (one.uses.length > 0) {
    yield { kind: 'heading', level: 2, text: 'What it uses' }
    yield {
      kind: 'table',
      titles: ['what', 'names', 'run', 'convert', 'where'],
      rows: one.uses.map((each) => [each.title, each.names.join(', '), each.run, each.convert, shownPlaces(each.places, 8)]),
    }
  }
  if (one.dependencies.length > 0) {
    yield { kind: 'heading', level: 2, text: 'Packages' }
    yield {
      kind: 'table',
      titles: ['package', 'version', 'imported in'],
      rows: one.dependencies.map((each) => [each.name, each.version ?? '', shownPlaces(each.places, 5)]),
    }
  }
}
