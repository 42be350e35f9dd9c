/** `npm run soak -- [--seconds 600] [--seed N] [--only TEXT]`: crash consistency under load, for as long as one likes. */
import { parseArgs } from 'node:util'
import { runSoak } from './run-soak.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } } })
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
console.log(`seed ${seed}`)
try {
  const result = await runSoak({
    seed,
    seconds: Number(values.seconds ?? 600),
    report: (line) => console.log(`${new Date().toISOString()} ${line}`),
    ...(values.only === undefined ? {} : { only: values.only }),
  })
  console.log(`held: ${result.rounds} rounds, ${result.acknowledged} acknowledged changes, ${result.answered} answered requests`)
} catch (error) {
  console.error(`seed ${seed} found:`, error)
  process.exitCode = 1
}
