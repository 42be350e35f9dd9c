import type { CliContext } from '../context.ts'
import type { Arguments, ArgumentValues } from './argument.ts'
import type { Flags, FlagValues } from './flag.ts'

export interface CommandInput<F extends Flags, A extends Arguments> {
  readonly flags: FlagValues<F>
  readonly args: ArgumentValues<A>
  /** Whether a flag was typed, for the few cases where that differs from its value. */
  readonly given: (name: keyof F & string) => boolean
}
/** One verb. Its place in the tree, its summary and its aliases stand in `command-tree.ts`, so that help needs to load none of them. */
export interface CommandDefinition<F extends Flags = Flags, A extends Arguments = Arguments> {
  /** More than the summary, where it needs saying. Plain text. */
  readonly description?: string
  readonly flags: F
  readonly args: A
  /** Whole lines, `kante` included. */
  readonly examples?: readonly string[]
  /** Resolves with the exit code, 0 when it says nothing. Throws a Fault or a UsageError. */
  run(ctx: CliContext, input: CommandInput<F, A>): Promise<number | void>
}
/** The same with its types forgotten: what the tree loads. */
export interface Command {
  readonly description?: string
  readonly flags: Flags
  readonly args: Arguments
  readonly examples?: readonly string[]
  readonly run: (ctx: CliContext, input: CommandInput<Flags, Arguments>) => Promise<number | void>
}

/** Types a verb's input from its flags and arguments. */
export function defineCommand<F extends Flags, A extends Arguments>(definition: CommandDefinition<F, A>): Command {
  return definition as unknown as Command
}
