import type { RegionCode } from '../ids.ts'
import type { Region } from './region.ts'

const region = (code: string, name: string, latitude: number, longitude: number): Region => ({ code: code as RegionCode, name, latitude, longitude })

/** Fly.io's regions (platform-semantics §4.3), then the places of Hetzner and IONOS; `--region-file` adds others. */
export const knownRegions: readonly Region[] = [
  region('ams', 'Amsterdam, Netherlands', 52.37, 4.9),
  region('arn', 'Stockholm, Sweden', 59.33, 18.07),
  region('bom', 'Mumbai, India', 19.08, 72.88),
  region('cdg', 'Paris, France', 48.86, 2.35),
  region('dfw', 'Dallas, Texas (US)', 32.78, -96.8),
  region('ewr', 'Secaucus, NJ (US)', 40.79, -74.06),
  region('fra', 'Frankfurt, Germany', 50.11, 8.68),
  region('gru', 'São Paulo, Brazil', -23.55, -46.63),
  region('iad', 'Ashburn, Virginia (US)', 39.04, -77.49),
  region('jnb', 'Johannesburg, South Africa', -26.2, 28.05),
  region('lax', 'Los Angeles, California (US)', 34.05, -118.24),
  region('lhr', 'London, United Kingdom', 51.51, -0.13),
  region('nrt', 'Tokyo, Japan', 35.68, 139.69),
  region('ord', 'Chicago, Illinois (US)', 41.88, -87.63),
  region('sin', 'Singapore', 1.35, 103.82),
  region('sjc', 'San Jose, California (US)', 37.34, -121.89),
  region('syd', 'Sydney, Australia', -33.87, 151.21),
  region('yyz', 'Toronto, Canada', 43.65, -79.38),
  region('fsn', 'Falkenstein, Germany', 50.48, 12.37),
  region('nbg', 'Nuremberg, Germany', 49.45, 11.08),
  region('hel', 'Helsinki, Finland', 60.17, 24.94),
  region('ber', 'Berlin, Germany', 52.52, 13.4),
]
