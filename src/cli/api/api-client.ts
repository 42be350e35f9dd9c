import type { Readable } from 'node:stream'

export interface RequestOptions {
  /** Sent as JSON. */
  readonly body?: unknown
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  /** Until the whole answer is there; none for streams. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** Speaks to one platform. Paths start with `/v1/`. What the platform refuses is thrown as an ApiFault; a platform that is not there as `not_running`. */
export interface ApiClient extends AsyncDisposable {
  /** For people: `http://127.0.0.1:4280`, or `host over SSH`. */
  readonly address: string
  /** JSON there and back; undefined for an empty answer. */
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T>
  /** NDJSON, one value a line, for as long as the platform sends. */
  stream<T>(method: string, path: string, options?: RequestOptions): AsyncGenerator<T, void, undefined>
  /** HEAD: whether it answers 200 rather than 404. */
  exists(path: string): Promise<boolean>
  /** Sends a body of bytes. */
  upload<T>(method: string, path: string, body: Readable, options?: RequestOptions & { readonly sizeBytes?: number }): Promise<T>
  /** The answer's bytes. */
  download(path: string, options?: RequestOptions): Promise<Readable>
}
