/** Entry of `kante`. The version is printed before anything else is loaded: it is what scripts and completions ask for most. */
const argv = process.argv.slice(2)
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === 'version')) {
  const { version } = await import('../kit/version.ts')
  process.stdout.write(`kante ${version}\n`)
} else {
  const { runProcess } = await import('./run-process.ts')
  await runProcess(argv)
}
