import { fault } from '../../model/fault/fault.ts'

export interface Instruction {
  readonly line: number
  /** Upper case: `FROM`. */
  readonly name: string
  readonly argument: string
}
export const maxDockerfileBytes = 256 * 1024

/** Cuts a Dockerfile into instructions: comments and parser directives out, continued lines joined, here-documents skipped. Fault config_invalid. */
export function readInstructions(file: string, text: string): readonly Instruction[] {
  if (Buffer.byteLength(text) > maxDockerfileBytes) {
    throw fault('config_invalid', { file, line: undefined, key: 'file', problem: `larger than ${maxDockerfileBytes / 1024} KiB` })
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const escape = escapeDirective(lines)
  const found: Instruction[] = []
  for (let i = 0; i < lines.length; i++) {
    const start = i
    let whole = ''
    for (; i < lines.length; i++) {
      const line = lines[i] ?? ''
      if (/^\s*#/.test(line) || (whole !== '' && line.trim() === '')) continue
      const isContinued = line.trimEnd().endsWith(escape)
      whole += isContinued ? `${line.trimEnd().slice(0, -1)} ` : line
      if (!isContinued) break
    }
    const match = /^\s*([A-Za-z]+)(?:\s+([\s\S]*))?$/.exec(whole)
    if (match?.[1] === undefined) {
      if (whole.trim() !== '')
        throw fault('config_invalid', {
          file,
          line: start + 1,
          key: 'Dockerfile',
          problem: `found ${JSON.stringify(whole.trim().slice(0, 60))}, allowed is an instruction such as FROM or CMD`,
        })
      continue
    }
    const name = match[1].toUpperCase()
    const argument = (match[2] ?? '').trim()
    if (name === 'RUN' || name === 'COPY' || name === 'ADD') i = endOfHereDocuments(lines, i, argument)
    found.push({ line: firstLine(lines, start) + 1, name, argument })
  }
  return found
}

function escapeDirective(lines: readonly string[]): '\\' | '`' {
  for (const line of lines) {
    const match = /^\s*#\s*([a-z]+)\s*=\s*(.*?)\s*$/i.exec(line)
    if (match === null) return '\\'
    if (match[1]?.toLowerCase() === 'escape') return match[2] === '`' ? '`' : '\\'
  }
  return '\\'
}

const firstLine = (lines: readonly string[], start: number): number => {
  let line = start
  while (line < lines.length && /^\s*(#|$)/.test(lines[line] ?? '')) line++
  return line
}

/** `RUN <<EOF …`: the index of the line that closes the last document, or of the same line when there is none. */
function endOfHereDocuments(lines: readonly string[], at: number, argument: string): number {
  let end = at
  for (const match of argument.matchAll(/<<(-?)(["']?)([A-Za-z_]\w*)\2/g)) {
    const closing = lines.findIndex((line, index) => index > end && (match[1] === '-' ? line.replace(/^\t+/, '') : line) === match[3])
    if (closing < 0) return end
    end = closing
  }
  return end
}
