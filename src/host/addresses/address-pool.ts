/** CIDR: `base` with `bits` leading bits fixed, such as 127.83.16.0 and 20; or, where 127/8 isn't there, ports of 127.0.0.1. */
export type AddressRange =
  | { readonly base: string; readonly bits: number }
  | { readonly mode: 'ports'; readonly firstPort?: number; readonly count?: number }
