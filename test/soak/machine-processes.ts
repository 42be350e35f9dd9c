import { readdir, readFile } from 'node:fs/promises'

/** A process that a machine's run started: the leader or a child of it. */
export interface MachineProcess {
  readonly pid: number
  readonly startTime: string
  readonly machine: string
  /** The keeper's marker of the run. */
  readonly run: string
}

/** The live processes of a platform's machines, from /proc: what runs, whatever anybody believes. */
export async function machineProcesses(home: string): Promise<readonly MachineProcess[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(names.map((name) => lookAt(home, Number(name))))
  return found.filter((each) => each !== undefined)
}

export async function isStill({ pid, startTime }: MachineProcess): Promise<boolean> {
  const stat = await statOf(pid)
  return stat !== undefined && !stat.isDead && stat.startTime === startTime
}

async function lookAt(home: string, pid: number): Promise<MachineProcess | undefined> {
  const environment = await readOrGone(`/proc/${pid}/environ`)
  if (environment === undefined || !environment.includes(`HOME=${home}/data/hosts/`)) return undefined
  const value = (name: string) =>
    environment
      .split('\0')
      .find((entry) => entry.startsWith(`${name}=`))
      ?.slice(name.length + 1)
  const machine = value('FLY_MACHINE_ID')
  const run = value('KANTE_RUN')
  const stat = await statOf(pid)
  if (machine === undefined || run === undefined || stat === undefined || stat.isDead) return undefined
  return { pid, startTime: stat.startTime, machine, run }
}

async function statOf(pid: number): Promise<{ readonly isDead: boolean; readonly startTime: string } | undefined> {
  const text = await readOrGone(`/proc/${pid}/stat`)
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields && { isDead: fields[0] === 'Z' || fields[0] === 'X', startTime: fields[19] ?? '' }
}

async function readOrGone(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1')
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
