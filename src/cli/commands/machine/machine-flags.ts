import { choice, integer, lists, pairs, text, toggle } from '../../framework/flag.ts'
import { appFlags, jsonFlag, regionFlag } from '../../framework/shared-flags.ts'

/** The flags of `machine run` and `machine create` that work here, by flyctl's names. */
export const machineFlags = {
  ...appFlags,
  ...regionFlag,
  ...jsonFlag,
  name: text({ short: 'n', help: 'Machine name. Will be generated if omitted.' }),
  port: lists({
    short: 'p',
    help: 'Ports and handlers of services: port[:machinePort][/protocol[:handler[:handler...]]], as in --port 80:8080/tcp:http',
    placeholder: 'strings',
  }),
  env: pairs({ short: 'e', help: 'Environment variables; can be given many times' }),
  metadata: pairs({ short: 'm', help: 'Metadata; can be given many times' }),
  'vm-size': text({ help: 'The VM size (see `kante platform vm-sizes`)' }),
  'vm-memory': text({ help: 'Memory in megabytes, or with a unit as in 1gb' }),
  'vm-cpus': integer({ help: 'Number of CPUs', min: 1, max: 1024 }),
  'vm-cpu-kind': choice({ help: 'The kind of CPU', choices: ['shared', 'performance'] }),
  autostart: toggle({ help: 'Start a stopped machine when a request arrives', byDefault: true }),
  autostop: choice({ help: 'Stop a machine when there are no requests for it (default off)', choices: ['off', 'stop', 'suspend'], alone: 'stop' }),
  restart: choice({ help: 'Restart policy (default always; on-fail with --schedule; no with --rm)', choices: ['no', 'always', 'on-fail'] }),
  rm: toggle({ help: 'Destroy the machine when it exits' }),
  schedule: choice({ help: 'Start the machine at intervals', choices: ['hourly', 'daily', 'weekly', 'monthly'] }),
  entrypoint: text({ help: 'The command in place of the image’s entrypoint' }),
  'machine-config': text({ help: 'Machine config as JSON, or a file that holds it; the other flags change it', placeholder: 'json|file' }),
} as const
