import type { App, Bundle, Release } from '../app.ts'
import { isEnded, type DeployRecord } from '../deploy/deploy-record.ts'
import type { AppName, Digest } from '../ids.ts'
import type { MachineConfig } from '../machine/machine-config.ts'

export interface RetentionInput {
  readonly apps: readonly Pick<App, 'name'>[]
  /** Per app oldest first. */
  readonly releases: readonly Release[]
  readonly deploys: readonly DeployRecord[]
  /** What machines are ordered to have. */
  readonly machines: readonly { readonly app: AppName; readonly config: MachineConfig }[]
  readonly bundles: readonly Bundle[]
  readonly nowMs: number
}
export interface RetentionRules {
  /** Releases kept per app, the live one included. */
  readonly releases: number
  /** Younger bundles stay: whoever made one is about to deploy it. */
  readonly graceMs: number
}
export interface RetentionPlan {
  readonly releases: readonly Pick<Release, 'app' | 'version'>[]
  readonly bundles: readonly Digest[]
  /** The layers of the bundles that stay. */
  readonly usedLayers: ReadonlySet<Digest>
}

/**
 * What is no longer needed (docs/adr/0018): of each app the releases behind the newest ones, except the live one and those that machines have; bundles that
 * no release, deploy or machine names. It goes by records only, never by what happens to run.
 */
export function planRetention(input: RetentionInput, rules: RetentionRules): RetentionPlan {
  const inUse = new Set(input.machines.map(({ app, config }) => `${app} ${config.metadata?.['fly_release_version'] ?? ''}`))
  const known = new Set(input.apps.map(({ name }) => name))
  const gone: Release[] = []
  const kept: Release[] = []
  for (const [app, releases] of Map.groupBy(input.releases, (release) => release.app)) {
    const live = releases.findLast((release) => release.status === 'complete')
    const isNeeded = (release: Release, at: number) =>
      known.has(app) &&
      (at >= releases.length - rules.releases || release === live || release.status === 'running' || inUse.has(`${app} ${release.version}`))
    releases.forEach((release, at) => (isNeeded(release, at) ? kept : gone).push(release))
  }
  const images = new Set<string>([
    ...kept.map((release) => release.image),
    ...input.machines.map(({ config }) => config.image),
    ...input.deploys
      .filter((deploy) => !isEnded(deploy))
      .flatMap((deploy) => [deploy.image, ...Object.values(deploy.former).map(({ image }) => image)]),
  ])
  const isUsed = (bundle: Bundle) =>
    images.has(`bundle@${bundle.digest}`) || (known.has(bundle.app) && input.nowMs - Date.parse(bundle.createdAt) < rules.graceMs)
  const usedLayers = new Set(input.bundles.filter(isUsed).flatMap((bundle) => bundle.layers.map((layer) => layer.digest)))
  return {
    releases: gone.map(({ app, version }) => ({ app, version })),
    bundles: input.bundles.filter((bundle) => !isUsed(bundle)).map((bundle) => bundle.digest),
    usedLayers,
  }
}
