import { defineCommand } from '../../framework/define-command.ts'

export const command = defineCommand({
  description: `Replaces the platform's master key while it runs: the key of each org is wrapped anew, secrets stay as they are. A crash in between is finished by
the next start. Backups of until now open only with the former key, of which a copy stays beside the new one (master.key.former-…): keep it elsewhere for
as long as you keep those backups, then delete it, and export the new key.`,
  flags: {},
  args: {},
  run: async (ctx) => {
    const { rewrapped } = await (await ctx.api()).request<{ readonly rewrapped: number }>('POST', '/v1/kante/keys/rotate')
    ctx.print(`The master key is replaced; ${rewrapped} keys are wrapped anew`)
    ctx.progress('Backups of until now need the former key, which lies beside the new one. `kante keys export FILE` writes the new one.')
  },
})
