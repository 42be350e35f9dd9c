import { UsageError } from '../../framework/usage-error.ts'

export type GroupCount = { readonly group: string } & ({ readonly count: number } | { readonly change: number })

/** `4`, `+2`, `-1`, or `web=3 worker=+1`. A bare number is for `group`, or the group app. */
export function parseCounts(words: readonly string[], group: string | undefined): readonly GroupCount[] {
  const counts = words.map((word) => {
    const match = /^(?:([a-z][a-z0-9_-]{0,62})=)?([+-]?)(\d{1,4})$/i.exec(word)
    if (match === null) throw new UsageError(`scale count: found "${word}", allowed is a number such as 4, +2 or -1, or group=number`)
    const number = Number(match[3])
    const amount = match[2] === '' ? { count: number } : { change: match[2] === '-' ? -number : number }
    return { group: match[1] ?? group ?? 'app', isNamed: match[1] !== undefined, amount }
  })
  if (counts.length > 1 && counts.some((each) => !each.isNamed))
    throw new UsageError('scale count: several counts need a group each, as in web=3 worker=1')
  if (group !== undefined && counts.some((each) => each.isNamed)) throw new UsageError('scale count: either --process-group or group=number')
  const twice = counts.find((each, index) => counts.findIndex((other) => other.group === each.group) !== index)
  if (twice !== undefined) throw new UsageError(`scale count: ${twice.group} is given twice`)
  return counts.map((each) => ({ group: each.group, ...each.amount }))
}
