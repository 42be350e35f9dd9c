import type { Assessment } from '../assess/assessment.ts'
import { reportOf, type Block } from './report-blocks.ts'

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{border-top:3px solid #1a1a1a;padding-top:1rem}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top;overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}h1{border-color:#eee}th,td{border-color:#444}}`

/** One file without scripts, pictures or anything from elsewhere; every text of the project escaped. */
export const renderHtml = (all: readonly Assessment[]): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${escaped(
  all
    .map((one) => one.name)
    .join(', ')
    .slice(0, 200),
)}: off Cloudflare Workers?</title>
<style>${style}</style>
</head>
<body>
${reportOf(all)
  .map((block) => render(block))
  .join('\n')}
</body>
</html>
`

function render(block: Block): string {
  if (block.kind === 'heading') return `<h${block.level}>${escaped(block.text)}</h${block.level}>`
  if (block.kind === 'text') return `<p>${escaped(block.text)}</p>`
  if (block.kind === 'list') return `<ul>\n${block.items.map((item) => `<li>${escaped(item)}</li>`).join('\n')}\n</ul>`
  const row = (cells: readonly string[], tag: 'th' | 'td') => `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`
  return `<table>\n${row(block.titles, 'th')}\n${block.rows.map((cells) => row(cells, 'td')).join('\n')}\n</table>`
}
