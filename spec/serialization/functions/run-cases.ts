// One table of cases, run as a program by every way there is to start it.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Ended, type Files, link, makeFolder, removeFolder, root, runNode } from '../../support/program'
import { namesIn } from './case-files'

/** A way to run the cases. */
export interface Launcher {
  readonly name: string
  /** The program's files as this way runs them. */
  readonly files: Files
  /** What comes behind `node`. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** What is typed, or piped, into the program. */
  readonly input?: string
  /** What comes behind `node` when the program has to be built first. */
  readonly build?: readonly string[]
  /** What is installed besides parfor and the package that the cases use. */
  readonly packages?: readonly string[]
  /** What it may print on standard error: nothing by default, anything for a test runner. */
  readonly stderr?: RegExp
  /** Cases that cannot work there, with the reason. */
  readonly except?: Readonly<Record<string, string>>
  /** Run only where time does not matter: by `npm run matrix`, which sets PARFOR_ALL_LAUNCHERS. */
  readonly isRare?: boolean
  /** Why this way is none on the Node that runs the specs. */
  readonly skip?: string | undefined
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

/** Whether the Node that runs the specs is at least this one. */
export function isNode(atLeastMajor: number, atLeastMinor = 0): boolean {
  return major > atLeastMajor || (major === atLeastMajor && minor >= atLeastMinor)
}

/** The file of an installed package. */
export function bin(path: string): string {
  return join(root, 'node_modules', path)
}

/** Makes the specs: one for each case and launcher. */
export function describeCases(all: readonly Launcher[]): void {
  const launchers = all.filter(({ isRare = false }) => !isRare || process.env.PARFOR_ALL_LAUNCHERS === '1')
  const runs = new Map<Launcher, Run>()

  beforeAll(async () => {
    const waiting = launchers.filter(({ skip }) => skip === undefined)
    const next = async (): Promise<void> => {
      for (let launcher = waiting.shift(); launcher; launcher = waiting.shift())
        runs.set(launcher, await launch(launcher))
    }
    // A program mostly uses one CPU and a bit.
    await Promise.all([next(), next()])
  }, 180_000)

  for (const launcher of launchers) {
    const { name, skip, files, except = {}, stderr = /^$/ } = launcher
    const run = () => runs.get(launcher) as Run
    if (skip !== undefined) {
      it.skip(`as ${name}: ${skip}`, () => {})
      continue
    }
    describe(`as ${name}`, () => {
      it.each(namesIn(files))('%s', (name) => {
        const { troubles } = run()
        // How the program ended says more than that a case has not run.
        if (!troubles.has(name)) expect(run().ended).toBe(`a program that runs ${name}`)
        if (except[name] === undefined) expect(troubles.get(name)).toBeUndefined()
        else expect(troubles.get(name)).toBeDefined()
      })

      it('runs no other cases, and ends as it should', () => {
        expect([...run().troubles.keys()].sort()).toEqual(namesIn(files).sort())
        expect(run().ended).toMatchObject({ code: 0, signal: null, stderr: expect.stringMatching(stderr) })
        expect(namesIn(files)).toEqual(expect.arrayContaining(Object.keys(except)))
      })
    })
  }
}

interface Run {
  readonly ended: Ended
  /** What went wrong in each case, if something did. */
  readonly troubles: ReadonlyMap<string, string | undefined>
}

async function launch({ files, args, env = {}, input, build, packages = [] }: Launcher): Promise<Run> {
  const folder = await makeFolder(files)
  try {
    await link(root, join(folder, 'node_modules/parfor'))
    for (const name of ['acorn', ...packages]) await link(bin(name), join(folder, 'node_modules', name))
    if (build) {
      const built = await runNode(folder, build)
      if (built.code !== 0) return { ended: built, troubles: new Map() }
    }
    const results = join(folder, 'results.jsonl')
    const ended = await runNode(folder, args, {
      env: { ...env, CASES_RESULTS: results },
      timeout: 120_000,
      ...(input !== undefined && { input }),
    })
    return { ended, troubles: troublesIn(await readFile(results, 'utf8').catch(() => '')) }
  } finally {
    await removeFolder(folder)
  }
}

function troublesIn(lines: string): Map<string, string | undefined> {
  const troubles = new Map<string, string | undefined>()
  for (const line of lines.split('\n').filter(Boolean)) {
    const { name, trouble } = JSON.parse(line) as { name: string; trouble?: string }
    troubles.set(name, trouble)
  }
  return troubles
}
