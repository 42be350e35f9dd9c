/** Exponential smoothing over unevenly spaced samples: after `tauMs` a step is felt by two thirds. */
export const smoothed = (before: number | undefined, sample: number, elapsedMs: number, tauMs: number): number =>
  before === undefined ? sample : before + (sample - before) * (1 - Math.exp(-elapsedMs / tauMs))

/** Keeps one smoothed value per key. A key that is not sampled fades; what is faded out is forgotten. */
export interface SmoothedValues<Key> {
  sample(samples: ReadonlyMap<Key, number>, nowMs: number): void
  get(key: Key): number
}
const forgottenBelow = 1e-3
export function openSmoothedValues<Key>(tauMs: number): SmoothedValues<Key> {
  const values = new Map<Key, number>()
  let sampledAtMs: number | undefined
  return {
    sample(samples, nowMs) {
      const elapsedMs = sampledAtMs === undefined ? tauMs : nowMs - sampledAtMs
      sampledAtMs = nowMs
      for (const key of new Set([...values.keys(), ...samples.keys()])) {
        const value = smoothed(values.get(key) ?? 0, samples.get(key) ?? 0, elapsedMs, tauMs)
        if (value < forgottenBelow && !samples.has(key)) values.delete(key)
        else values.set(key, value)
      }
    },
    get: (key) => values.get(key) ?? 0,
  }
}
