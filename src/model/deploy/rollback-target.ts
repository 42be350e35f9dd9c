import type { Release } from '../app.ts'

/**
 * The release that a rollback goes back to: the one named, or the newest complete one before the release that is live. A release that a rollback made
 * counts as the one it went back to, so that a second rollback goes further back. Undefined when there is none.
 */
export function rollbackTarget(releases: readonly Release[], version?: number): Release | undefined {
  const usable = releases.filter((release) => release.status === 'complete' && release.deployed !== undefined)
  if (version !== undefined) return usable.find((release) => release.version === version)
  const live = releases.findLast((release) => release.status === 'complete')
  if (live === undefined) return undefined
  const origin = live.rollbackOf ?? live.version
  return usable.findLast((release) => release.version < origin && release.rollbackOf === undefined)
}
