import { z } from 'zod'
import { secretLimits } from '../model/secret.ts'

/** `/v1/apps/:app/secrets` as in flyctl-contract §3.5; values go in and never come out. `status` and `changed` are ours. */
const value = z.string().max(secretLimits.valueBytes)
export const secretView = z
  .object({
    name: z.string(),
    /** A keyed hash: the same for the same value of this secret, and nothing else can be told from it. */
    digest: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    /** Whether the machines have it: all, some, none yet. */
    status: z.enum(['Deployed', 'Staged', 'Partial', 'Unknown']),
  })
  .meta({ id: 'Secret' })
export type SecretView = z.infer<typeof secretView>
export const secretList = z.object({ secrets: z.array(secretView), version: z.number().int() })
export type SecretList = z.infer<typeof secretList>
/** null unsets. */
export const secretsRequest = z.looseObject({ values: z.record(z.string(), value.nullable()) })
export const secretRequest = z.looseObject({ value })
export const secretsReply = z.object({
  secrets: z.array(secretView),
  version: z.number().int(),
  Version: z.number().int(),
  /** The names whose value is another than before. */
  changed: z.array(z.string()),
})
export type SecretsReply = z.infer<typeof secretsReply>
export const secretReply = secretView.extend({ version: z.number().int(), Version: z.number().int() })
/** Either spelling: flyctl says one, the published description the other. */
export const secretsQuery = z.object({
  min_version: z.coerce.number().int().min(0).optional(),
  version: z.coerce.number().int().min(0).optional(),
  /** Accepted and not followed: values never leave. */
  show_secrets: z.string().optional(),
})
