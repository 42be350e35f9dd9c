import type { Mirror } from '../../store/mirror.ts'

/** Resolves at the next change of a key, or when the signal ends the wait. */
export function nextChange(mirror: Mirror, key: string, signal: AbortSignal): { readonly happened: Promise<void>; leave(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const listening = mirror.onChange(key, () => leave())
  const leave = () => {
    listening[Symbol.dispose]()
    signal.removeEventListener('abort', leave)
    resolve()
  }
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  return { happened: promise, leave }
}
