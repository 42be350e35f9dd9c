/**
 * Turns a project's manifest files into a layer of installed dependencies. Control decides when (once per key) and keeps the result; how it is done —
 * which program, with what environment and limits — is the implementation's business (src/build). It runs code of the project's dependencies.
 */
export interface DependencyInstaller {
  /** What of the platform itself decides the result, such as `linux-x64-node26`: part of the key under which a layer is reused. */
  readonly fingerprint: string
  /**
   * Unpacks `files` of the source layer into an empty folder, installs, and writes the result as tar.gz to `outputFile`, paths relative to the
   * project's folder (`node_modules/…`). The bytes need not be reproducible. Fault `install_failed` with the program's last output.
   */
  install(request: InstallRequest): Promise<void>
}
export interface InstallRequest {
  readonly kind: 'npm' | 'pnpm' | 'yarn' | 'bun' | 'pip'
  /** The source layer, a tar.gz file that is not changed. */
  readonly sourceFile: string
  /** Paths inside the source that the installation needs, checked to be relative and free of `..`. */
  readonly files: readonly string[]
  /** Does not exist yet; its folder does. */
  readonly outputFile: string
  /** Called with lines for the person who waits. */
  readonly report: (line: string) => void
  readonly signal: AbortSignal
}
