/** `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME:+word}` as Docker replaces them in ENV, WORKDIR, EXPOSE, COPY; `\$` stays a dollar sign. */
export function expandVariables(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(
    /\\\$|\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::([-+])([^}]*))?\})/g,
    (whole, bare: string | undefined, braced: string | undefined, mode: string | undefined, word: string | undefined) => {
      if (whole === '\\$') return '$'
      const value = values.get(bare ?? braced ?? '')
      if (mode === '-') return value === undefined || value === '' ? (word ?? '') : value
      if (mode === '+') return value === undefined || value === '' ? '' : (word ?? '')
      return value ?? ''
    },
  )
}
