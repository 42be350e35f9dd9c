import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fault } from '../../../model/fault/fault.ts'
import { readIfThere, writeDurably } from '../../../kit/durable-file.ts'
import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { yesFlag } from '../../framework/shared-flags.ts'
import { confirmDestroying } from '../../output/confirm.ts'
import { findDaemon } from '../../platform/daemon.ts'
import { prepareHome } from '../../platform/preflight.ts'

/** 32 bytes, base64url: what the first start makes. */
const keyPattern = /^[A-Za-z0-9_-]{43}$/
const sizeLimit = 4096

export const command = defineCommand({
  description: `Puts a master key that \`kante keys export\` wrote in place, before \`kante restore\` or the next \`kante up\`.
The platform must be down. Another key in its place is replaced only with --yes: what was encrypted under it would be lost.`,
  flags: yesFlag,
  args: { file: required('File to read', 'FILE') },
  examples: ['kante keys import platform.key'],
  run: async (ctx, { flags, args }) => {
    const path = resolve(ctx.cwd, args.file)
    const key = await readKey(path)
    if ((await findDaemon(ctx.paths)) !== undefined) throw fault('platform_running', { home: ctx.paths.home, what: 'change its master key' })
    const before = (await readIfThere(ctx.paths.masterKeyFile))?.trim()
    if (before === key) return ctx.print('This master key is in place already.')
    if (before !== undefined && before !== '') await confirmDestroying(ctx, flags.yes, `This replaces the master key in ${ctx.paths.masterKeyFile}`)
    await prepareHome(ctx.paths)
    await writeDurably(ctx.paths.masterKeyFile, `${key}\n`, { mode: 0o600 })
    ctx.print(`The master key is in place in ${ctx.paths.home}`)
  },
})

async function readKey(path: string): Promise<string> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw fault('key_file_invalid', { file: path, reason: (cause as Error).message }, cause)
  }
  const key = text.slice(0, sizeLimit).trim()
  if (!keyPattern.test(key)) throw fault('key_file_invalid', { file: path, reason: 'one line of 43 characters was expected' })
  return key
}
