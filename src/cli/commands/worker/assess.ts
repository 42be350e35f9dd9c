import { relative, resolve } from 'node:path'
import { stat } from 'node:fs/promises'
import { isFault, fault, type Fault } from '../../../model/fault/fault.ts'
import { exitCodeOf } from '../../../protocol/fault-mapping.ts'
import { writeDurably } from '../../../kit/durable-file.ts'
import { assessWorker, listWorkers } from '../../../worker/assess/assess-worker.ts'
import type { Assessment } from '../../../worker/assess/assessment.ts'
import { openSourceFiles } from '../../../worker/project/source-files.ts'
import { renderHtml } from '../../../worker/report/html-report.ts'
import { renderMarkdown } from '../../../worker/report/markdown-report.ts'
import { renderText, renderWorkerTable } from '../../../worker/report/text-report.ts'
import { optional } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { choice, text, toggle } from '../../framework/flag.ts'
import { jsonFlag } from '../../framework/shared-flags.ts'
import { printable } from '../../output/terminal-text.ts'

export const command = defineCommand({
  description: `Reads the wrangler config and the code of a Worker and says whether to stay on Cloudflare Workers or to move, why, and by which way.
Nothing is run or sent, and no platform is needed. In a folder of several Workers each is assessed in short; --all does it in full.
The rules: docs/reference/worker-rules.md.`,
  flags: {
    ...jsonFlag,
    config: text({ short: 'c', help: 'The wrangler config, when it is not the usual one' }),
    env: text({ short: 'e', help: 'One environment of the config, alone' }),
    format: choice({ choices: ['text', 'markdown', 'html'], help: 'The form of the report' }),
    output: text({ help: 'Write the report to this file', placeholder: 'file' }),
    all: toggle({ help: 'Of several Workers, each in full' }),
  },
  args: { dir: optional('The folder of the Worker; here by default') },
  examples: ['kante worker assess', 'kante worker assess api --env production', 'kante worker assess --format html --output report.html'],
  run: async (ctx, { flags, args }) => {
    const folder = resolve(ctx.cwd, args.dir ?? '.')
    const shown = relative(ctx.cwd, folder) || '.'
    if (!(await isFolder(folder))) throw fault('worker_dir_missing', { dir: shown })
    const files = await openSourceFiles(folder, shown)
    const config = flags.config === undefined ? undefined : relative(folder, resolve(ctx.cwd, flags.config)).split('\\').join('/')
    const found = await listWorkers(files, config)
    const options = { environment: flags.env, config }
    const assessments: Assessment[] = []
    const failures: { readonly folder: string; readonly error: Fault }[] = []
    for (const worker of found) {
      try {
        assessments.push(await assessWorker(files, worker, options, ctx.clock))
      } catch (error) {
        if (!isFault(error) || found.length === 1) throw error
        failures.push({ folder: worker.folder, error })
      }
    }
    const isOne = found.length === 1
    const [only] = assessments
    const json = () =>
      isOne && only !== undefined
        ? only
        : {
            schema: 1,
            workers: assessments,
            failed: failures.map((each) => ({ folder: each.folder, error: each.error.message, status: each.error.code })),
          }
    const report = (): string => {
      if (ctx.isJson) return `${JSON.stringify(json(), null, 2)}\n`
      if (flags.format === 'markdown') return renderMarkdown(assessments)
      if (flags.format === 'html') return renderHtml(assessments)
      const failed = failures.map((each) => `${each.folder}: ${each.error.message}`)
      const parts = isOne
        ? assessments.map(renderText)
        : [
            renderWorkerTable(assessments),
            ...failed,
            ...(flags.all ? assessments.map(renderText) : ['One in full: kante worker assess FOLDER; all of them: --all']),
          ]
      return `${parts.join('\n\n')}\n`
    }
    const body = report()
    if (flags.output === undefined)
      ctx.stdout.write(ctx.isJson || flags.format === 'html' || flags.format === 'markdown' ? body : body.split('\n').map(printable).join('\n'))
    else {
      await writeDurably(resolve(ctx.cwd, flags.output), body)
      ctx.progress(`wrote ${flags.output}`)
    }
    return failures[0] === undefined ? 0 : exitCodeOf(failures[0].error)
  },
})

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return false
    throw error
  }
}
