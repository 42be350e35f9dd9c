/** An image reference in parts, as machines show it: `[registry/]repository[:tag][@digest]`. */
export function imageRefOf(image: string): { registry: string; repository: string; tag: string; digest: string; labels: null } {
  const [name = '', digest = ''] = image.split('@', 2)
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(0, slash))
  // The first part is a registry when it looks like a host name (distribution reference grammar).
  const isRegistry = first.includes('.') || first.includes(':') || first === 'localhost'
  const rest = isRegistry ? name.slice(slash + 1) : name
  const colon = rest.lastIndexOf(':')
  const hasTag = colon > rest.lastIndexOf('/')
  return {
    registry: isRegistry ? first : '',
    repository: hasTag ? rest.slice(0, colon) : rest,
    tag: hasTag ? rest.slice(colon + 1) : '',
    digest,
    labels: null,
  }
}
