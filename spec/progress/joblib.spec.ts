import { performance } from 'node:perf_hooks'
import { delayed, Parallel } from '../../lib/index'
import { startVerbosity } from '../../lib/progress/verbosity'
import { manualBackend, settled } from '../support/manual-backend'
import recorded from './joblib-lines.json'

// Recorded from joblib 1.6.0 by record_joblib.py beside this file: its calls ran on a backend that completed batches one
// by one, in order, by a clock that the recording moved.

type Moment = [elapsed: number, completed: number, dispatched: number, batches: number, boolean, boolean]

const cases = recorded.flatMap(({ call, moments, lines }) =>
  Object.entries(lines).map(([verbose, expected]) => ({
    ...call,
    verbose: Number(verbose),
    moments: moments as Moment[],
    expected,
  })),
)
type Case = (typeof cases)[number]

const title = 'verbose $verbose, $tasks tasks, known: $known, nJobs $nJobs, batchSize $batchSize, ahead $preDispatch'

describe("joblib's lines, at the moments of joblib's calls", () => {
  it.each(cases)(title, ({ verbose, nJobs, tasks, known, preDispatch, moments, expected }) => {
    const label = `Parallel(n_jobs=${nJobs})`
    const printed: string[] = []
    let now = 0
    const tell = startVerbosity({
      verbose,
      label,
      preDispatched: preDispatchOf(preDispatch, nJobs),
      now: () => now,
      print: (line) => printed.push(line),
    })
    for (const [elapsed, completed, dispatched, batches, isDispatching, isOver] of moments) {
      now = elapsed
      tell({ completed, dispatched, batches, isDispatching, isOver, total: known ? tasks : undefined })
    }
    expect(printed).toEqual(expected.filter((line) => !line.includes('Using backend')))
  })
})

// joblib counts `pre_dispatch` in tasks, `preDispatch` is batches: the same where a batch is a task.
describe("joblib's lines, of calls like joblib's", () => {
  const alike = cases.filter(({ batchSize }) => batchSize === 1)

  it.each(alike)(title, async (one) => {
    expect(await printedBy(one)).toEqual(one.expected)
  })
})

/** What a call prints whose tasks take, one after the other, the time of the recording. */
async function printedBy({ verbose, nJobs, tasks, known, preDispatch, millisecondsPerTask }: Case): Promise<string[]> {
  let now = 1000
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => now)
  const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    const { backend, sent } = manualBackend({ name: 'RecordedBackend' })
    const take = delayed((n: number) => {
      now += millisecondsPerTask // in the calling thread
      return n
    })
    const work = Array.from({ length: tasks }, (_, n) => take(n))
    const parallel = Parallel({
      nJobs,
      batchSize: 1,
      preDispatch: preDispatch === '2*n_jobs' ? '2*nJobs' : (preDispatch as 'all' | number),
      verbose,
      ...(nJobs > 1 && { backend }),
    })
    const call = parallel(known ? work : work.values())
    if (nJobs > 1) {
      await settled()
      for (let n = 0; n < tasks; n += 1) {
        now += millisecondsPerTask
        await sent[n]?.complete([n])
      }
    }
    await call
    return stderr.mock.calls.map(([text]) => String(text).trimEnd())
  } finally {
    stderr.mockRestore()
    clock.mockRestore()
  }
}

function preDispatchOf(given: string | number, nJobs: number): number {
  if (typeof given === 'number') return given
  return given === 'all' ? 0 : Number.parseInt(given, 10) * nJobs
}
