import { relative } from 'node:path'
import { readFlyToml } from '../../../fly-toml/parse-fly-toml.ts'
import type { Finding } from '../../../fly-toml/section.ts'
import { readIfThere } from '../../../kit/durable-file.ts'
import { fault } from '../../../model/fault/fault.ts'
import { configPath } from '../../app-name.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { toggle } from '../../framework/flag.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'

export const command = defineCommand({
  description: 'Reads fly.toml and says everything that is wrong with it, with file and line. Exits with 1 when something is.',
  flags: { ...appFlags, ...jsonFlag, strict: toggle({ short: 's', help: 'Count unknown sections and keys as errors' }) },
  args: {},
  run: async (ctx, { flags }) => {
    const path = await configPath(ctx, flags.config)
    const text = await readIfThere(path)
    if (text === undefined) throw fault('config_missing', { path })
    const shown = relative(ctx.cwd, path) || path
    const reading = readFlyToml(shown, text)
    const isRefused = (finding: Finding) => flags.strict && finding.isUnknownKey === true
    const errors = [...reading.errors, ...reading.warnings.filter(isRefused)].toSorted((a, b) => a.line - b.line)
    const warnings = reading.warnings.filter((finding) => !isRefused(finding))
    const isValid = errors.length === 0
    if (ctx.isJson) ctx.printJson({ file: shown, valid: isValid, errors, warnings })
    else {
      const say = (findings: readonly Finding[], label: string) => {
        for (const { line, key, problem } of findings) ctx.print(`${shown}:${line}: ${label}${key}: ${problem}`)
      }
      say(errors, '')
      say(warnings, 'warning: ')
      if (isValid) ctx.print(`${shown} is valid`)
    }
    return isValid ? 0 : 1
  },
})
