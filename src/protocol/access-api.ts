import { z } from 'zod'
import { issuedKinds } from '../model/token.ts'

/** Tokens, orgs and the audit log: `/v1/kante/tokens`, `/v1/kante/orgs`, `/v1/kante/audit`. */
export const tokenView = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(issuedKinds),
    org: z.string(),
    app: z.string().optional(),
    createdBy: z.string(),
    createdAt: z.string(),
    expiresAt: z.string(),
    isExpired: z.boolean(),
  })
  .meta({ id: 'Token' })
export type TokenView = z.infer<typeof tokenView>
export const tokenRequest = z.object({
  kind: z.enum(issuedKinds),
  name: z.string().min(1).max(100).optional(),
  /** Of a deploy token. */
  app: z.string().optional(),
  /** Of the others; the caller's own without it. */
  org: z.string().optional(),
  /** A Go duration such as `720h`; 20 years without it, as with Fly.io. */
  expiry: z.string().max(64).optional(),
})
export type TokenRequest = z.infer<typeof tokenRequest>
/** The only answer that ever holds the token. */
export const createdToken = tokenView.extend({ token: z.string() })
export type CreatedToken = z.infer<typeof createdToken>
export const tokenList = z.object({ tokens: z.array(tokenView) })
export const deployTokenRequest = z.looseObject({ expiry: z.string().max(64).optional() })
export const deployTokenReply = z.object({ token: z.string() })

export const orgView = z.object({ slug: z.string(), name: z.string(), createdAt: z.string(), apps: z.number().int() }).meta({ id: 'Org' })
export type OrgView = z.infer<typeof orgView>
export const orgRequest = z.object({ name: z.string().min(1).max(100), slug: z.string().max(63).optional() })
export const orgList = z.object({ orgs: z.array(orgView) })

export const auditRecord = z
  .object({
    seq: z.number().int(),
    at: z.string(),
    /** First digits of the token's hash, and its kind and name. */
    token: z.string(),
    kind: z.string(),
    tokenName: z.string().optional(),
    org: z.string(),
    app: z.string().optional(),
    /** The address that the call came from. */
    from: z.string(),
    /** `POST /v1/apps/:app/machines` */
    action: z.string(),
    /** What the path names, and the keys of the records that changed; never a value. */
    objects: z.array(z.string()),
    /** ok, begun (what became of it is in a later record of the same request), or the code of the fault. */
    outcome: z.string(),
    request: z.string(),
    /** Keyed hash over this record and the one before. */
    hash: z.string(),
  })
  .meta({ id: 'AuditRecord' })
export type AuditRecordView = z.infer<typeof auditRecord>
export const auditList = z.object({ records: z.array(auditRecord) })
export const auditVerdict = z.object({
  ok: z.boolean(),
  records: z.number().int(),
  /** The first that is kept; older ones were dropped by retention. */
  first: z.number().int(),
  last: z.number().int(),
  /** Of the newest record: noted elsewhere, it also shows that no record was cut off the end. */
  head: z.string(),
  problem: z.string().optional(),
})
export type AuditVerdict = z.infer<typeof auditVerdict>
export const rotatedKeys = z.object({ rewrapped: z.number().int() })
