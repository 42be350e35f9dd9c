import { test } from 'node:test'
import { runSoak } from '../soak/run-soak.ts'

/** `npm run soak` does the same for as long as one likes; with `--seed N` a failure of here comes again. */
test('struck at random moments under load and changes, the platform loses nothing it acknowledged and runs nothing twice', async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const { rounds, acknowledged } = await runSoak({ seed, seconds: 12, report: (line) => t.diagnostic(line) })
  t.diagnostic(`${rounds} rounds, ${acknowledged} acknowledged changes`)
})
