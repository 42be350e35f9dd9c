import type { Assessment, Reason, Use, Way } from './assessment.ts'
import { featureOf, type FeatureId } from './features.ts'
import { rules, type RuleFacts } from './rules.ts'

const shownPlaces = 20

/** Stay or move, by the table of rules: one strong reason to move decides; else a strong one to stay; else the greater number of weak ones. */
export function decide(facts: RuleFacts): Assessment['decision'] {
  const reasons = rules.flatMap((rule): readonly Reason[] => {
    const hit = rule.find(facts)
    return hit === undefined
      ? []
      : [
          {
            rule: rule.id,
            side: rule.side,
            strength: hit.strength,
            text: hit.text,
            places: hit.places.slice(0, shownPlaces).map(({ file, line }) => ({ file, line })),
          },
        ]
  })
  const count = (side: Reason['side'], strength: Reason['strength']) =>
    reasons.filter((each) => each.side === side && each.strength === strength).length
  const bound = reasons.some((each) => each.rule === 'stay-bound' && each.strength === 'strong')
  const [moves, stays, leansMove, leansStay] = [count('move', 'strong'), count('stay', 'strong'), count('move', 'weak'), count('stay', 'weak')]
  if (bound) return { verdict: 'stay', isClear: moves === 0, reasons }
  if (moves > 0) return { verdict: 'move', isClear: stays === 0, reasons }
  if (stays > 0) return { verdict: 'stay', isClear: leansMove === 0, reasons }
  return leansMove > leansStay ? { verdict: 'move', isClear: false, reasons } : { verdict: 'stay', isClear: leansMove === 0, reasons }
}

interface WayFacts {
  readonly uses: readonly Use[]
  readonly format: Assessment['entry']['format']
  readonly routes: number
  readonly files: number
  readonly needsNode: boolean
  readonly usesHono: boolean
}
/** What each way off takes, and which is advised. */
export function planWay(facts: WayFacts, verdict: Assessment['decision']['verdict']): Assessment['way'] {
  const run = wayOf(facts, 'run')
  const convert = wayOf(facts, 'convert')
  const isTiedToObjects = facts.uses.some((use) => ['durable-objects', 'workflows', 'rpc'].includes(use.feature))
  const choose = (): readonly [Assessment['way']['recommended'], string] => {
    if (facts.format === 'python' || facts.format === 'rust')
      return ['convert', 'workerd of its own runs no Python or Rust project as it stands: make it an ordinary server in an image']
    if (facts.format === 'assets') return ['run', 'static files are served as they are']
    if (run.possible === 'in part' && convert.possible === 'in part') return ['none', 'something it needs exists nowhere else: replace that first']
    if (facts.needsNode && run.possible !== 'in part')
      return ['both', 'run it first to be off Cloudflare; then convert, as it wants files, processes or a server of its own']
    if (run.possible === 'in part')
      return isTiedToObjects
        ? ['both', 'replace what only Cloudflare has; run the Durable Objects as they are']
        : ['convert', 'what only Cloudflare has must be replaced in the code anyway']
    if (isTiedToObjects) return ['run', 'Durable Objects, Workflows and RPC run as they are; Node has no faithful equivalent']
    if (convert.days.max <= run.days.max + 1 && facts.usesHono)
      return ['both', 'run it now; a Hono app converts with little work when Node’s speed or packages are wanted']
    return ['run', 'it runs as it is; converting gains speed per CPU and Node’s packages, at more work']
  }
  const [recommended, why] = choose()
  return { recommended, why: verdict === 'stay' ? `nothing presses; if you move anyway: ${why}` : why, run, convert }
}

function wayOf(facts: WayFacts, which: 'run' | 'convert'): Way {
  const blocks: Way['blocks'] = []
  const work: Way['work'] = []
  let total = which === 'run' ? 0.25 : 0.5 + Math.min(facts.routes, 200) * 0.05 + Math.min(facts.files, 400) * 0.02
  if (facts.format === 'framework' && which === 'convert') {
    total = 1.5
    work.push({ feature: 'framework', text: 'the framework’s adapter for Node in place of the one for Cloudflare', places: [] })
  }
  if (facts.format === 'service-worker' && which === 'convert') {
    total += 0.5
    work.push({ feature: 'service-worker', text: 'service-worker format: bindings are globals there', places: [] })
  }
  for (const use of facts.uses) {
    const feature = featureOf(use.feature as FeatureId)
    const fit = which === 'run' ? feature.run : feature.convert
    const share = which === 'run' ? (feature.runDays ?? 0) : feature.convertDays
    total += share
    const note = which === 'run' ? feature.runNote : feature.convertNote
    const line = {
      feature: use.feature,
      text: `${use.title}${note === undefined ? '' : `: ${note}`}`,
      places: use.places.slice(0, shownPlaces).map(({ file, line }) => ({ file, line })),
    }
    if (fit === 'no') blocks.push(line)
    else if (fit === 'work' || (which === 'run' && share > 0)) work.push(line)
  }
  const half = (days: number) => Math.max(0.25, Math.round(days * 4) / 4)
  const days = { min: half(total * 0.6), max: half(total * 1.6) }
  return {
    possible: blocks.length > 0 ? 'in part' : work.length > 0 ? 'with work' : 'yes',
    blocks,
    work,
    effort: days.max <= 1 ? 'hours' : days.max <= 10 ? 'days' : 'weeks',
    days,
  }
}
