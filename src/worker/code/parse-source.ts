import { parse, type ParserPlugin } from '@babel/parser'
import { listTree, type SyntaxNode, type Tree } from './syntax.ts'

export const maxSourceBytes = 2 * 1024 * 1024
export type Parsed = { readonly kind: 'tree'; readonly tree: Tree } | { readonly kind: 'unreadable'; readonly line: number; readonly problem: string }

/** Parses JavaScript, TypeScript or JSX by the file's name; what cannot be parsed is said, not thrown. */
export function parseSource(file: string, text: string): Parsed {
  if (text.length > maxSourceBytes) return { kind: 'unreadable', line: 1, problem: `larger than ${maxSourceBytes / 1024 / 1024} MB` }
  let failure: { readonly line: number; readonly problem: string } | undefined
  for (const plugins of pluginsFor(file)) {
    const found = tryParse(text, plugins)
    if (found.kind === 'tree') return found
    failure ??= found
  }
  return { kind: 'unreadable', ...(failure ?? { line: 1, problem: 'no parser for it' }) }
}

/** JavaScript is often more than it says: types in .js, JSX in .js. What fits first counts. */
function pluginsFor(file: string): readonly (readonly ParserPlugin[])[] {
  if (file.endsWith('.tsx')) return [['typescript', 'jsx', 'decorators']]
  if (/\.[mc]?ts$/.test(file)) return [['typescript', 'decorators']]
  return [
    ['jsx', 'decorators'],
    ['typescript', 'decorators'],
    ['flow', 'jsx', 'decorators'],
  ]
}

/** `assert { type: 'json' }` was the word before `with`; places in the text stay as they are. */
const withAttributes = (text: string) => text.replaceAll(/(\bfrom\s{0,9}["'][^"'\n]{1,300}["']\s{0,9})assert(?=\s{0,9}\{)/g, '$1with  ')

function tryParse(text: string, plugins: readonly ParserPlugin[]): Parsed {
  try {
    const file = parse(withAttributes(text), {
      sourceType: 'unambiguous',
      plugins: [...plugins],
      allowReturnOutsideFunction: true,
      allowAwaitOutsideFunction: true,
      allowImportExportEverywhere: true,
      allowUndeclaredExports: true,
      allowSuperOutsideMethod: true,
      attachComment: false,
    })
    return { kind: 'tree', tree: listTree(file.program as unknown as SyntaxNode) }
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'unreadable', line: 1, problem: 'nested too deep' }
    const at = (error as { readonly loc?: { readonly line?: number } }).loc
    if (!(error instanceof SyntaxError)) throw error
    return { kind: 'unreadable', line: at?.line ?? 1, problem: error.message.replace(/ \(\d+:\d+\)$/, '').split('\n')[0] ?? 'no JavaScript' }
  }
}
