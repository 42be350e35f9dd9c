import type { Assessment } from '../assess/assessment.ts'
import { reportOf, type Block } from './report-blocks.ts'

/** What Markdown would take for marks or HTML, escaped: names and paths come from strangers. */
const escaped = (text: string) =>
  text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\`*_[\]<>|#&~!]/g, (mark) => (mark === '<' ? '&lt;' : mark === '&' ? '&amp;' : `\\${mark}`))

/** A report to put into a repository or a wiki. */
export const renderMarkdown = (all: readonly Assessment[]): string =>
  `${reportOf(all)
    .map((block) => render(block))
    .join('\n\n')}\n`

function render(block: Block): string {
  if (block.kind === 'heading') return `${'#'.repeat(block.level)} ${escaped(block.text)}`
  if (block.kind === 'text') return escaped(block.text)
  if (block.kind === 'list') return block.items.map((item) => `- ${escaped(item)}`).join('\n')
  const row = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`
  return [row(block.titles), `|${block.titles.map(() => '---').join('|')}|`, ...block.rows.map(row)].join('\n')
}
