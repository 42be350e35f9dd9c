import type { RegionCode } from '../ids.ts'

export interface Region {
  readonly code: RegionCode
  readonly name: string
  readonly latitude: number
  readonly longitude: number
}

/** Great-circle kilometres: the order of regions until round-trip times are measured. */
export function distanceKm(a: Region, b: Region): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180
  const dLat = radians(b.latitude - a.latitude)
  const dLon = radians(b.longitude - a.longitude)
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(dLon / 2) ** 2
  return 12_742 * Math.asin(Math.min(1, Math.sqrt(h)))
}
