import { z } from 'zod'

const place = z.object({ file: z.string().describe('Path from the assessed folder'), line: z.int().min(1) })
const fit = z.enum(['yes', 'work', 'no']).describe('As it is, with work, not at all')
const days = z.object({ min: z.number(), max: z.number() }).describe('Days of one developer, roughly')
const way = z.object({
  possible: z.enum(['yes', 'with work', 'in part']).describe('"in part": what blocks it has to go or be replaced first'),
  blocks: z.array(z.object({ feature: z.string(), text: z.string(), places: z.array(place) })),
  work: z.array(z.object({ feature: z.string(), text: z.string(), places: z.array(place) })),
  effort: z.enum(['hours', 'days', 'weeks']),
  days,
})
/** What `worker assess --json` prints; `docs/reference/worker-assess.schema.json` is made from it. Only types of it are needed at run time. */
export const assessmentSchema = z.object({
  schema: z.literal(1),
  name: z.string(),
  folder: z.string(),
  config: z.string().nullable().describe('The wrangler config that was read'),
  environment: z.string().nullable().describe('Of --env; null: the top level and all environments together'),
  environments: z.array(z.string()),
  compatibilityDate: z.string().nullable(),
  entry: z.object({
    file: z.string().nullable(),
    format: z.enum(['modules', 'service-worker', 'pages', 'framework', 'assets', 'python', 'rust', 'built']),
    framework: z.string().nullable(),
    handlers: z.array(place.extend({ name: z.string() })),
    classes: z.array(place.extend({ name: z.string(), kind: z.enum(['durable object', 'workflow', 'entrypoint', 'container']) })),
  }),
  routes: z.array(place.extend({ method: z.string().nullable(), path: z.string(), style: z.string() })),
  uses: z.array(
    z.object({
      feature: z.string(),
      title: z.string(),
      run: fit,
      convert: fit,
      names: z.array(z.string()).describe('Names of bindings'),
      places: z.array(place.extend({ what: z.string() })),
    }),
  ),
  bindings: z.array(
    z.object({
      name: z.string(),
      feature: z.string(),
      environments: z.array(z.string()).describe('Where the config has it; "top" is the top level'),
      config: place.nullable(),
      uses: z.array(place),
      state: z.enum(['used', 'unused', 'missing', 'variable']).describe('missing: used in code, not in the config; variable: likely a secret'),
    }),
  ),
  dependencies: z.array(z.object({ name: z.string(), version: z.string().nullable(), places: z.array(place) })),
  findings: z.array(z.object({ severity: z.enum(['error', 'warning', 'info']), text: z.string(), places: z.array(place) })),
  decision: z.object({
    verdict: z.enum(['stay', 'move']),
    isClear: z.boolean().describe('false: it leans that way'),
    reasons: z.array(
      z.object({ rule: z.string(), side: z.enum(['stay', 'move']), strength: z.enum(['strong', 'weak']), text: z.string(), places: z.array(place) }),
    ),
  }),
  way: z.object({ recommended: z.enum(['run', 'convert', 'both', 'none']), why: z.string(), run: way, convert: way }),
  files: z.int().describe('Source files that were read'),
})
export type Assessment = z.infer<typeof assessmentSchema>
export type Use = Assessment['uses'][number]
export type Reason = Assessment['decision']['reasons'][number]
export type Way = Assessment['way']['run']
export type Finding = Assessment['findings'][number]
