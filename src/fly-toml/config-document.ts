import { readTomlDocument, type TomlTable } from './toml-document.ts'
import { readYamlDocument } from './yaml-document.ts'

export type ConfigFormat = 'toml' | 'json' | 'yaml'

/** The form of a config file by the end of its name, as flyctl tells them apart; everything else is TOML. */
export function formatOf(file: string): ConfigFormat {
  if (file.endsWith('.json')) return 'json'
  return /\.ya?ml$/.test(file) ? 'yaml' : 'toml'
}

/** Reads a config file in the form its name says into one kind of tree. Fault config_invalid. */
export function readConfigDocument(file: string, text: string): TomlTable {
  const format = formatOf(file)
  return format === 'toml' ? readTomlDocument(file, text) : readYamlDocument(file, text, format)
}
