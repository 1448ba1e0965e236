/**
 * joblib, and the Pool of Python's multiprocessing, by the `python3` on PATH. They do the same work in their own
 * language and by their own clock, so they are no `Peer`: items do not come from here.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { LeftOut } from '../harness'

export type PythonLibrary = 'joblib' | 'multiprocessing'

interface PythonWork {
  /** A function of python/measure.py. */
  readonly fn: 'noop' | 'word' | 'record'
  readonly count: number
  readonly workers?: number
  readonly samples: number
}

/** Milliseconds for all of the work, as with `timeMap`. */
export async function timePython(library: PythonLibrary, { fn, count, workers = 2, samples }: PythonWork) {
  needs(library)
  const args = [join(__dirname, 'python', 'measure.py'), library, fn, count, workers, samples].map(String)
  const { status, stdout } = spawnSync('python3', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (status !== 0) throw new Error(`${library}: exit code ${status}`)
  return Number(stdout)
}

/** Throws when it is not there. */
export function needs(library: PythonLibrary): void {
  const { error, status } = spawnSync('python3', ['-c', `import ${library}`], { stdio: 'ignore' })
  if (error) throw new LeftOut('there is no `python3`')
  if (status !== 0) throw new LeftOut(`\`python3\` cannot import ${library}`)
}
