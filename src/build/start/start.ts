/** What a bundle is started with, and where that was found. */
export type Start =
  | { readonly kind: 'command'; readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>>; readonly origin: string }
  | { readonly kind: 'static'; readonly root: string; readonly env: Readonly<Record<string, string>>; readonly origin: string }

export const startOf = (origin: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): Start => ({
  kind: 'command',
  argv,
  env,
  origin,
})
