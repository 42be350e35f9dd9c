import type { ExecResult } from '../../../protocol/host-port.ts'
import { appOfMachine, machinePath } from '../../api/machines.ts'
import { required, rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { integer } from '../../framework/flag.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'

const defaultTimeoutS = 60

export const command = defineCommand({
  description: `Runs a command in a machine's environment and folder; its output and its exit code become those of this command.
One word is split as a shell would split it; several words are the command's argv as they are. Flags of the command go after \`--\`.`,
  flags: { ...appFlags, ...jsonFlag, timeout: integer({ help: 'Timeout in seconds', min: 1, max: 600 }) },
  args: { id: required('Machine id', 'machine-id'), command: rest('The command', { min: 1 }) },
  examples: ['kante machine exec 3d8d4e5f6a7b8c "node --version"', 'kante machine exec 3d8d4e5f6a7b8c -- ls -la'],
  run: async (ctx, { flags, args }) => {
    const app = await appOfMachine(ctx, flags, args.id)
    const api = await ctx.api()
    const timeout = flags.timeout ?? defaultTimeoutS
    const result = await api.request<ExecResult>('POST', `${machinePath(app, args.id)}/exec`, {
      body: { ...(args.command.length === 1 ? { cmd: args.command[0] } : { command: args.command }), timeout },
      timeoutMs: (timeout + 15) * 1000,
      signal: ctx.signal,
    })
    if (ctx.isJson) ctx.printJson(result)
    else {
      ctx.stdout.write(result.stdout)
      ctx.stderr.write(result.stderr)
    }
    return result.exit_code
  },
})
