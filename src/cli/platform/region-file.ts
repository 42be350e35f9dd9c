import { readFile } from 'node:fs/promises'
import { fault } from '../../model/fault/fault.ts'
import { parseRegionCode } from '../../model/ids.ts'
import type { Region } from '../../model/region/region.ts'

const sizeLimit = 256 * 1024

/** Regions of one's own, beside the known ones: a JSON list of `{"code","name","latitude","longitude"}`. */
export async function readRegionFile(path: string): Promise<readonly Region[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw fault('invalid_value', { field: '--region-file', found: path, rule: `a readable file (${(cause as Error).message})` }, cause)
  }
  return parseRegionFile(path, text)
}

export function parseRegionFile(path: string, text: string): readonly Region[] {
  const refuse = (found: unknown, rule: string, cause?: unknown) => fault('invalid_value', { field: path, found, rule }, cause)
  if (text.length > sizeLimit) throw refuse(`${text.length} characters`, `at most ${sizeLimit} characters`)
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch (cause) {
    throw refuse(text.slice(0, 40), 'a JSON list of {"code","name","latitude","longitude"}', cause)
  }
  if (!Array.isArray(list)) throw refuse(typeof list, 'a JSON list of {"code","name","latitude","longitude"}')
  return list.map((item: unknown) => {
    const { code, name, latitude, longitude } = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>
    if (typeof code !== 'string') throw refuse(item, 'an entry with a "code" such as "muc"')
    if (typeof name !== 'string' || name.length === 0) throw refuse(item, 'an entry with a "name"')
    if (typeof latitude !== 'number' || Math.abs(latitude) > 90) throw refuse(latitude, `a latitude from -90 to 90 for ${code}`)
    if (typeof longitude !== 'number' || Math.abs(longitude) > 180) throw refuse(longitude, `a longitude from -180 to 180 for ${code}`)
    return { code: parseRegionCode(code), name, latitude, longitude }
  })
}
