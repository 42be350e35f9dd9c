import { fault } from '../../model/fault/fault.ts'
import { PlatformFileError, readPlatformFile, type PlatformFile } from '../../kit/platform-file.ts'

/** What the first `up` decided, or undefined before it. Fault platform_file_invalid. */
export async function loadPlatformFile(path: string): Promise<PlatformFile | undefined> {
  try {
    return await readPlatformFile(path)
  } catch (error) {
    if (error instanceof PlatformFileError) throw fault('platform_file_invalid', { reason: error.message }, error)
    throw error
  }
}
