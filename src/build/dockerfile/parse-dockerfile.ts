import { fault } from '../../model/fault/fault.ts'
import { isProblem, needsShell, splitCommandLine } from '../../fly-toml/command-line.ts'
import { expandVariables } from './expand.ts'
import { readInstructions, type Instruction } from './instructions.ts'

/** CMD or ENTRYPOINT: words as they are started; a shell form that only a shell understands becomes `/bin/sh -c`. */
export interface DockerCommand {
  readonly form: 'exec' | 'shell'
  readonly argv: readonly string[]
  readonly line: number
}
export interface CopiedFromStage {
  readonly from: string
  readonly destination: string
  readonly line: number
}
/** What of a stage, and of the stages it is built on, matters to a runtime that starts commands instead of images. */
export interface DockerStage {
  readonly name: string | undefined
  readonly baseImage: string
  readonly entrypoint: DockerCommand | undefined
  readonly command: DockerCommand | undefined
  readonly env: Readonly<Record<string, string>>
  readonly workdir: string
  readonly ports: readonly number[]
  readonly runs: readonly string[]
  readonly copiedFromStages: readonly CopiedFromStage[]
}
export interface Dockerfile {
  readonly stages: readonly DockerStage[]
  /** The stage that an image is made of: the last one, or the target. */
  readonly final: DockerStage
}
export interface DockerfileOptions {
  readonly args?: Readonly<Record<string, string>>
  readonly target?: string
}

/** Reads a Dockerfile (the reference of Dockerfile frontend 1). Instructions that a process runtime has no use for are passed over. Fault config_invalid. */
export function parseDockerfile(file: string, text: string, options: DockerfileOptions = {}): Dockerfile {
  const stages: DockerStage[] = []
  const globals = new Map<string, string>()
  let open: OpenStage | undefined
  for (const instruction of readInstructions(file, text)) {
    if (instruction.name === 'FROM') {
      if (open !== undefined) stages.push(closed(open))
      open = openStage(file, instruction, stages, globals)
    } else if (open !== undefined) apply(open, instruction, { file, globals, args: options.args ?? {} })
    else if (instruction.name === 'ARG')
      for (const [name, value] of pairsOf(instruction.argument)) globals.set(name, options.args?.[name] ?? expandVariables(value ?? '', globals))
    else throw fault('config_invalid', { file, line: instruction.line, key: instruction.name, problem: 'stands before the first FROM' })
  }
  if (open !== undefined) stages.push(closed(open))
  const final = options.target === undefined ? stages.at(-1) : stages.find((stage) => stage.name === options.target?.toLowerCase())
  if (final === undefined) {
    const problem = stages.length === 0 ? 'is missing' : `no stage is named ${JSON.stringify(options.target)}`
    throw fault('config_invalid', { file, line: undefined, key: 'FROM', problem })
  }
  return { stages, final }
}

interface OpenStage {
  stage: DockerStage
  readonly variables: Map<string, string>
}
const closed = (open: OpenStage): DockerStage => open.stage

function openStage(file: string, from: Instruction, earlier: readonly DockerStage[], globals: ReadonlyMap<string, string>): OpenStage {
  const words = from.argument.split(/\s+/).filter((word) => !word.startsWith('--') && word !== '')
  const image = expandVariables(words[0] ?? '', globals)
  if (image === '') throw fault('config_invalid', { file, line: from.line, key: 'FROM', problem: 'names no image' })
  const name = words[1]?.toLowerCase() === 'as' ? words[2]?.toLowerCase() : undefined
  const base = earlier.findLast((stage) => stage.name === image.toLowerCase())
  const fresh = { entrypoint: undefined, command: undefined, env: {}, workdir: '/', ports: [], runs: [], copiedFromStages: [] }
  const stage: DockerStage = { ...(base ?? fresh), baseImage: base?.baseImage ?? image, name }
  return { stage, variables: new Map(Object.entries(stage.env)) }
}

interface Surroundings {
  readonly file: string
  readonly globals: ReadonlyMap<string, string>
  readonly args: Readonly<Record<string, string>>
}

function apply(open: OpenStage, { name, argument, line }: Instruction, around: Surroundings): void {
  const { stage, variables } = open
  const expand = (text: string) => expandVariables(text, variables)
  const change = (part: Partial<DockerStage>) => void (open.stage = { ...stage, ...part })
  switch (name) {
    case 'ARG':
      for (const [key, value] of pairsOf(argument))
        variables.set(key, around.args[key] ?? (value === undefined ? (around.globals.get(key) ?? '') : expand(value)))
      return
    case 'ENV': {
      const added = pairsOf(argument, true).map(([key, value]) => [key, expand(value ?? '')] as const)
      for (const [key, value] of added) variables.set(key, value)
      return change({ env: { ...stage.env, ...Object.fromEntries(added) } })
    }
    case 'WORKDIR':
      return change({ workdir: joinPath(stage.workdir, unquote(expand(argument))) })
    case 'EXPOSE':
      return change({ ports: [...stage.ports, ...expand(argument).split(/\s+/).flatMap(portOf)] })
    case 'RUN':
      return change({ runs: [...stage.runs, argument.slice(0, 200)] })
    case 'COPY':
    case 'ADD': {
      const from = /(?:^|\s)--from=(\S+)/.exec(argument)?.[1]
      const destination = joinPath(stage.workdir, expand(lastWord(argument)))
      return from === undefined ? undefined : change({ copiedFromStages: [...stage.copiedFromStages, { from, destination, line }] })
    }
    case 'CMD':
      return change({ command: commandOf(around.file, name, argument, line) })
    case 'ENTRYPOINT':
      // A new entrypoint forgets the base's command, as Docker does.
      return change({ entrypoint: commandOf(around.file, name, argument, line), command: undefined })
    default:
      return
  }
}

function commandOf(file: string, name: string, argument: string, line: number): DockerCommand {
  const words = argument.startsWith('[') ? execForm(argument) : undefined
  if (words !== undefined) return { form: 'exec', argv: words, line }
  const split = splitCommandLine(argument)
  if (isProblem(split)) throw fault('config_invalid', { file, line, key: name, problem: split.problem })
  return { form: 'shell', argv: needsShell(argument) ? ['/bin/sh', '-c', argument] : split, line }
}

/** JSON or nothing: what is no JSON list of texts is the shell form, as for Docker. */
function execForm(argument: string): readonly string[] | undefined {
  try {
    const words: unknown = JSON.parse(argument)
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** `A=1 B="x y"`, ENV's old `A text to the end`, and ARG's bare `A`. */
function pairsOf(argument: string, isOldEnv = false): readonly (readonly [string, string | undefined])[] {
  const old = /^([^\s=]+)\s+([^=\s][\s\S]*)$/.exec(argument)
  if (old?.[1] !== undefined && isOldEnv) return [[old[1], unquote((old[2] ?? '').trim())]]
  // A dollar sign that is escaped must survive the splitting of words.
  const words = splitCommandLine(argument.replaceAll('\\$', '\\\\$').replaceAll('#', '\\#'))
  return (isProblem(words) ? argument.split(/\s+/) : words).flatMap((word) => {
    const at = word.indexOf('=')
    const key = at < 0 ? word : word.slice(0, at)
    return key === '' ? [] : [[key, at < 0 ? undefined : word.slice(at + 1)] as const]
  })
}

const unquote = (text: string) => (/^(["']).*\1$/.test(text) ? text.slice(1, -1) : text)
const lastWord = (argument: string): string => (argument.startsWith('[') ? (execForm(argument)?.at(-1) ?? '') : (argument.split(/\s+/).at(-1) ?? ''))

function portOf(word: string): readonly number[] {
  const match = /^(\d{1,5})(?:-\d{1,5})?(?:\/(tcp|udp))?$/i.exec(word)
  const port = Number(match?.[1] ?? 0)
  return port >= 1 && port <= 65_535 && match?.[2]?.toLowerCase() !== 'udp' ? [port] : []
}

/** An absolute path of the image; `..` does not leave the root. */
export function joinPath(base: string, path: string): string {
  const parts: string[] = []
  for (const part of (path.startsWith('/') ? path : `${base}/${path}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}
