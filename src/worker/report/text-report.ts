import type { Assessment } from '../assess/assessment.ts'
import type { Place } from '../code/read-program.ts'

const width = 80
/** Breaks a text at spaces, later lines indented. */
function wrap(text: string, first: string, indent: string): string {
  const lines: string[] = []
  let line = first
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > width && line.trim() !== '' && line !== first) {
      lines.push(line.trimEnd())
      line = indent
    }
    line += `${word} `
  }
  return [...lines, line.trimEnd()].join('\n')
}
export const shownPlaces = (places: readonly Place[], most = 3): string => {
  const texts = [...new Set(places.map((place) => `${place.file}:${place.line}`))]
  return texts.length === 0 ? '' : `${texts.slice(0, most).join(', ')}${texts.length > most ? ` and ${texts.length - most} more` : ''}`
}
export const formatTitles: Readonly<Record<Assessment['entry']['format'], string>> = {
  modules: 'ES module',
  'service-worker': 'service worker (addEventListener)',
  pages: 'Pages functions',
  framework: 'made by a framework',
  assets: 'static files only',
  python: 'Python',
  rust: 'Rust',
  built: 'made by a build',
}
export const wayTitles: Readonly<Record<Assessment['way']['recommended'], string>> = {
  run: 'run it unmodified, on workerd',
  convert: 'convert it to a server',
  both: 'both: run it first, convert after',
  none: 'none yet',
}
export const verdictOf = ({ decision }: Assessment): string =>
  decision.verdict === 'stay' ? (decision.isClear ? 'Stay on Workers' : 'Rather stay on Workers') : decision.isClear ? 'Move' : 'Rather move'
export const effortOf = (way: Assessment['way']['run']): string => `${way.effort} (${way.days.min}–${way.days.max} days)`

const columns = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)))
  return rows
    .map((row) => {
      const head = row
        .slice(0, -1)
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
      const last = row.at(-1) ?? ''
      const line = `  ${head}  ${last}`.trimEnd()
      return line.length <= width ? line : `  ${head}`.trimEnd() + '\n' + wrap(last, '      ', '      ')
    })
    .join('\n')
}
const section = (title: string, body: string): readonly string[] => (body === '' ? [] : [`${title}\n${body}`])

/** One Worker's assessment for a terminal of 80 columns. */
export function renderText(one: Assessment): string {
  const reason = (side: 'stay' | 'move') =>
    one.decision.reasons
      .filter((each) => each.side === side)
      .map((each) =>
        wrap(
          `${each.text}${each.places.length === 0 ? '' : ` (${shownPlaces(each.places)})`} [${each.rule}]`,
          `  ${each.strength === 'strong' ? '!' : '-'} `,
          '    ',
        ),
      )
      .join('\n')
  const way = (name: 'run' | 'convert', title: string) => {
    const { possible, blocks, work } = one.way[name]
    return [
      wrap(`${title}: ${possible}; effort ${effortOf(one.way[name])}`, '  ', '    '),
      ...blocks.map((each) => wrap(`blocks: ${each.text} (${shownPlaces(each.places)})`, '    x ', '      ')),
      ...work.map((each) => wrap(`${each.text}${each.places.length === 0 ? '' : ` (${shownPlaces(each.places, 2)})`}`, '    - ', '      ')),
    ].join('\n')
  }
  const entry = [
    ['Entry', `${one.entry.file ?? '-'}, ${formatTitles[one.entry.format]}${one.entry.framework === null ? '' : ` (${one.entry.framework})`}`],
    ['Handlers', one.entry.handlers.map((each) => each.name).join(', ') || '-'],
    ...(one.entry.classes.length === 0 ? [] : [['Classes', one.entry.classes.map((each) => `${each.name} (${each.kind})`).join(', ')]]),
    ['Config', `${one.config ?? 'none'}${one.environment === null ? '' : `, environment ${one.environment}`}`],
    ...(one.environments.length === 0 ? [] : [['Environments', one.environments.join(', ')]]),
    ['Read', `${one.files} source files`],
  ]
  const routes = one.routes.slice(0, 40).map((each) => [each.method ?? 'any', each.path, each.style, `${each.file}:${each.line}`])
  const uses = one.uses.map((each) => [
    each.title + (each.names.length === 0 ? '' : `: ${each.names.slice(0, 4).join(', ')}${each.names.length > 4 ? ' …' : ''}`),
    each.run,
    each.convert,
    shownPlaces(each.places, 2),
  ])
  const packages = one.dependencies.map((each) => `${each.name}${each.version === null ? '' : ` ${each.version}`}`)
  return [
    `${one.name}: ${verdictOf(one)}`,
    ...section('Reasons to move', reason('move')),
    ...section('Reasons to stay', reason('stay')),
    ...section(
      wrap(`The way: ${wayTitles[one.way.recommended]}; ${one.way.why}`, '', '  '),
      [way('run', 'Unmodified'), way('convert', 'Converted')].join('\n'),
    ),
    ...section(
      'To know',
      one.findings
        .map((each) => wrap(`${each.severity}: ${each.text}${each.places.length === 0 ? '' : ` (${shownPlaces(each.places)})`}`, '  - ', '    '))
        .join('\n'),
    ),
    ...section('The Worker', columns(entry)),
    ...section(`Routes${one.routes.length > 40 ? ` (40 of ${one.routes.length})` : ''}`, routes.length === 0 ? '' : columns(routes)),
    ...section('Uses', uses.length === 0 ? '' : columns([['WHAT', 'RUN', 'CONVERT', 'WHERE'], ...uses])),
    ...section('Packages', packages.length === 0 ? '' : wrap(packages.join(', '), '  ', '  ')),
  ].join('\n\n')
}

/** Several Workers, a line each. */
export const renderWorkerTable = (all: readonly Assessment[]): string =>
  `${all.length} Workers\n${columns([['FOLDER', 'VERDICT', 'WAY', 'NAME'], ...all.map((one) => [one.folder, verdictOf(one).replace(' on Workers', ''), one.way.recommended, one.folder.endsWith(one.name) ? '' : one.name])])}`
