import { describe } from 'node:test'
import { describeHistories } from './histories.ts'
import { describeLeases } from './leases.ts'
import { describeRanges } from './ranges.ts'
import type { OpenFixture } from './store-fixture.ts'
import { describeTransactions } from './transactions.ts'
import { describeWatches } from './watches.ts'

/** Everything the contract in src/store/contract.ts promises, for any implementation. */
export function describeStore(name: string, open: OpenFixture): void {
  describe(name, () => {
    describeRanges(open)
    describeTransactions(open)
    describeWatches(open)
    describeLeases(open)
    describeHistories(open)
  })
}
