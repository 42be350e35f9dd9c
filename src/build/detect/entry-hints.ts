const patterns = [/\.listen\(\s*(\d{2,5})\b/, /\bPORT\b['"\])]*\s*(?:\|\||\?\?|,)\s*['"]?(\d{2,5})\b/, /\b(?:port|PORT)\s*[:=]\s*['"]?(\d{2,5})\b/]

/** The port that a program's text names, most telling place first. */
export function portIn(text: string | undefined): number | undefined {
  for (const pattern of patterns) {
    const port = Number(pattern.exec(text?.slice(0, 200_000) ?? '')?.[1] ?? 0)
    if (port >= 1 && port <= 65_535) return port
  }
  return undefined
}

/** A route that a program has for health checks, by its usual names. */
export const healthPathIn = (text: string | undefined): string | undefined =>
  /['"`](\/(?:health|healthz|healthcheck|up|_health|api\/health))['"`]/.exec(text?.slice(0, 200_000) ?? '')?.[1]
