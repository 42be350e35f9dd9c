/** Resolves with the first of SIGTERM, SIGINT; a second one ends the process at once, and so does a shutdown that takes longer than `graceMs`. */
export function untilSignal(graceMs: number): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false
    const onSignal = (signal: NodeJS.Signals) => {
      if (asked) process.exit(130)
      asked = true
      setTimeout(() => process.exit(1), graceMs).unref()
      resolve(signal)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}
