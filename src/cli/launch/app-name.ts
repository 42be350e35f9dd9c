/** An app name from a folder's name, or undefined when nothing usable is in it. */
export function nameOfFolder(folder: string): string | undefined {
  const name = folder
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  return name === '' ? undefined : name
}
