/** What was typed cannot be understood: exit code 2 (ADR 0013). The message names what was found; the hint says what to type. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly hint: string | undefined
  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}
