import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export const root = join(__dirname, '../..')

/** File names, relative to the program's folder, and their texts. */
export type Files = Readonly<Record<string, string>>

/** How a program ended, and all that it printed. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** Added to the environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The Node to run it; the one that runs the specs by default. */
  readonly node?: string
  /** What it reads from its standard input, which is closed behind that; there is none when left out. */
  readonly input?: string
  /** Whether it leads a process group of its own, as what a shell starts does: then `-pid` is all that it has started. */
  readonly detached?: boolean
  /** Called when it has been started. */
  readonly onStart?: (program: ChildProcess) => void
  /** Called whenever the program has printed, with all it printed so far: the place to send it a signal. */
  readonly onStdout?: (sofar: string, program: ChildProcess) => void
  /** Milliseconds after which a program that does not end is killed; `signal` is SIGKILL then. */
  readonly timeout?: number
}

/**
 * Runs a program of its own in a new folder outside of this one, where `parfor` (`dist/`) and the named `packages`
 * are installed.
 *
 * @param args what comes behind `node`; the first of the files when left out
 */
export async function runProgram(
  files: Files,
  args: readonly string[] = Object.keys(files).slice(0, 1),
  { packages = [], ...options }: RunOptions & { readonly packages?: readonly string[] } = {},
): Promise<Ended> {
  const folder = await makeFolder(files)
  try {
    await link(root, join(folder, 'node_modules/parfor'))
    for (const name of packages) await link(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    return await runNode(folder, args, options)
  } finally {
    await removeFolder(folder)
  }
}

/** Runs `node` in a folder until it ends. */
export function runNode(folder: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { env = {}, node = process.execPath, input, detached = false, timeout = 60_000 } = options
  return new Promise((resolve, reject) => {
    const program = spawn(node, args, {
      cwd: folder,
      // What Jest sets for us is not what a user's program sees.
      env: { ...process.env, NODE_ENV: undefined, JEST_WORKER_ID: undefined, FORCE_COLOR: undefined, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      detached,
      timeout,
      killSignal: 'SIGKILL',
    })
    options.onStart?.(program)
    // A program that ends without having read it is right too.
    program.stdin?.on('error', () => {}).end(input)
    let stdout = ''
    let stderr = ''
    program.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      options.onStdout?.(stdout, program)
    })
    program.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    program.once('error', reject)
    program.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** A new folder with these files in it. */
export async function makeFolder(files: Files): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parfor-'))
  await writeFiles(folder, files)
  return folder
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
}

/** Makes `to` stand for the folder `from`. */
export async function link(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await symlink(from, to, 'junction')
}
