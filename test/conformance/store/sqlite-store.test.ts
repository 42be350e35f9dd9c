import { openSqliteFixture } from './open-sqlite-fixture.ts'
import { describeStore } from './store-suite.ts'

describeStore('sqlite store', () => openSqliteFixture())
