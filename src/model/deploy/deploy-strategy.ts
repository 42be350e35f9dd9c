/** How machines are replaced (platform-semantics §5.3, docs/adr/0017). */
export const deployStrategies = ['rolling', 'immediate', 'canary', 'bluegreen'] as const
export type DeployStrategy = (typeof deployStrategies)[number]
