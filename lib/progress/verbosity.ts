import { performance } from 'node:perf_hooks'
import { type Counts, labelled, progressLine } from './line'

/** Where a call stands when one of its batches is finished, before the next one is taken from the input. */
export interface Moment extends Counts {
  /** Batches that were sent to workers so far. */
  readonly batches: number
}

export interface VerbosityOptions {
  /** 0 prints nothing; 1 to 10 ever more; above 10 nearly every batch. */
  readonly verbose: number
  /** What the call is called in its lines: `Parallel(n_jobs=2)`. */
  readonly label: string
  /** How much is sent before anything is completed; 0 for all of it. */
  readonly preDispatched: number
  readonly now?: () => number
  readonly print?: (line: string) => void
}

/** joblib's progress lines for one call, which begins now: tell what this returns of each batch that is finished. */
export function startVerbosity(options: VerbosityOptions): (moment: Moment) => void {
  const { verbose, label, preDispatched, now = () => performance.now(), print = printLine } = options
  if (!(verbose > 0)) return () => {}
  const start = now()

  return (moment) => {
    if (isReported(moment, verbose, preDispatched)) print(labelled(label, progressLine(moment, now() - start)))
  }
}

/** Prints a line where it does not mix with what the program prints. joblib does so only for `verbose` below 50. */
export function printLine(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Whether joblib has a line for this moment. The last one always has. */
function isReported(moment: Moment, verbose: number, preDispatched: number): boolean {
  const { completed, dispatched, batches, isDispatching, isOver } = moment
  if (isOver) return true
  if (isDispatching) return verbose > 10 || isSpaced(batches, verbose)
  // The one before the last would only be overtaken by it.
  if (completed + 1 === dispatched) return false
  // About `verbose` lines in all, counted from where the last task was sent.
  const sinceAllSent = dispatched - completed + 1 - preDispatched
  return sinceAllSent % (Math.floor(dispatched / verbose) + 1) === 0
}

/** While nobody knows how long it takes: ever rarer, at distances that grow as the square root of the batches do. */
function isSpaced(batches: number, verbose: number): boolean {
  const scale = 0.5 * (11 - verbose) ** 2
  return Math.floor(Math.sqrt(batches / scale)) !== Math.floor(Math.sqrt((batches + 1) / scale))
}
