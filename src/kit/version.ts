import manifest from '../../package.json' with { type: 'json' }

/** The version of the package that this file belongs to. */
export const version: string = manifest.version
