/** Lets `perSecond` pass on the long run and `burst` at once. Time is given by the caller, in ms that never jump. */
export interface TokenBucket {
  /** False, and nothing taken, when there are not enough. */
  take(count: number, nowMs: number): boolean
  /** Takes in any case; the debt is to be waited for. */
  overdraw(count: number, nowMs: number): void
  /** 0 when `count` are there. */
  waitMs(count: number, nowMs: number): number
}

export function tokenBucket(options: { readonly perSecond: number; readonly burst: number }): TokenBucket {
  const perMs = options.perSecond / 1000
  let tokens = options.burst
  let filledAtMs = -Infinity
  const fill = (nowMs: number) => {
    if (nowMs > filledAtMs) tokens = Math.min(options.burst, tokens + (Number.isFinite(filledAtMs) ? (nowMs - filledAtMs) * perMs : 0))
    filledAtMs = Math.max(filledAtMs, nowMs)
  }
  return {
    take(count, nowMs) {
      fill(nowMs)
      if (tokens < count) return false
      tokens -= count
      return true
    },
    overdraw(count, nowMs) {
      fill(nowMs)
      tokens -= count
    },
    waitMs(count, nowMs) {
      fill(nowMs)
      return tokens >= count ? 0 : Math.ceil((count - tokens) / perMs)
    },
  }
}
