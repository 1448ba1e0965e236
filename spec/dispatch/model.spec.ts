import { delayed, Parallel, type Task } from '../../lib/index'
import { choices } from '../support/choices'
import { manualBackend, type SentBatch, settled } from '../support/manual-backend'
import { type Event, type Kind, Model } from './model'

/*
 * Calls at random, on a backend that is driven by hand, against a model. Each is made of one number, its seed, which a
 * failure names: PARFOR_SEED=123 runs that one alone. PARFOR_RUNS=100000 runs more of them.
 */
const RUNS = Number(process.env.PARFOR_RUNS ?? 2000)
const seeds =
  process.env.PARFOR_SEED === undefined
    ? Array.from({ length: RUNS }, (_, n) => n + 1)
    : [Number(process.env.PARFOR_SEED)]

const task = delayed((n: number) => n)

/** A call that happens as its seed says, with all that happened to it. */
function call(seed: number) {
  const { chance, from, upTo } = choices(seed)
  const returnAs = from('list', 'generator', 'generator_unordered') as Kind['returnAs']
  const onError = from('throw', 'settle')
  const nJobs = 1 + upTo(3)
  const batchSize = from<number | 'auto'>(1, 1, 2, 7, 'auto')
  const preDispatch = from<number | 'all'>(1, 2, 3, 2 * nJobs, 'all')
  const count = from(upTo(3), upTo(30), upTo(200))
  const input = from('array', 'generator', 'async', 'slow')
  const fault = chance(0.35) ? { at: upTo(count), is: from('throws', 'no task') } : undefined
  const failing = chance(0.4) ? 1 / from(2, 6, 40) : 0
  const quits = chance(0.25)
    ? { at: upTo(60), by: from('abort', 'return', 'terminate') as 'abort' | 'return' | 'terminate' }
    : undefined
  const costs = chance(0.5) ? () => 0.01 : () => from(0.01, 1, 100)

  const events: Event[] = []
  const happens = (event: Event) => void events.push(event)
  const { backend, sent } = manualBackend()
  const submit = backend.submit
  const controller = new AbortController()
  /** How often it was closed, and whether it had ended by itself before. */
  const state = { closed: 0, isOver: false }
  const gives: (() => void)[] = []

  /** The n-th element of the input, or its end. */
  const next = (n: number): IteratorResult<Task<number>> => {
    if (n === fault?.at) {
      const error = fault.is === 'throws' ? new Error('the input') : expect.any(TypeError)
      happens({ is: 'input failed', error })
      if (fault.is === 'no task') return { done: false, value: 5 as never }
      state.isOver = state.closed === 0
      throw error
    }
    if (n >= count) {
      happens({ is: 'input ended' })
      state.isOver = state.closed === 0
      return { done: true, value: undefined }
    }
    happens({ is: 'taken' })
    return { done: false, value: task(n) }
  }
  const close = () => {
    state.closed += 1
    if (seed % 3 === 0) throw new Error('return() is broken')
    return { done: true as const, value: undefined }
  }
  let asked = 0
  const tasks =
    input === 'array' && fault === undefined
      ? Array.from({ length: count }, (_, n) => task(n))
      : input === 'array' || input === 'generator'
        ? { [Symbol.iterator]: () => ({ next: () => next(asked++), return: close }) }
        : {
            [Symbol.asyncIterator]: () => ({
              next: async () => {
                const n = asked++
                if (input === 'slow') await new Promise<void>((resolve) => gives.push(resolve))
                return next(n)
              },
              return: async () => close(),
            }),
          }

  const parallel = Parallel({
    returnAs,
    onError,
    nJobs,
    batchSize,
    preDispatch,
    backend: {
      ...backend,
      submit(...args) {
        happens({ is: 'batch sent' })
        return submit.call(backend, ...args)
      },
      ...(seed % 2 === 0 && {
        submitRows({ rows: { fn, length, columns }, ...batch }, ...args) {
          happens({ is: 'batch sent' })
          const tasks = Array.from({ length }, (_, n) => ({ fn, args: columns.map((column) => column[n]) }))
          return submit.call(backend, { ...batch, tasks }, ...args)
        },
      }),
    },
  })
  return {
    about: { seed, returnAs, onError, nJobs, batchSize, preDispatch, count, input, fault, failing, quits },
    ...{ chance, from, upTo, costs, events, happens, sent, controller, input: state, gives, parallel, tasks },
  }
}

/** A batch that is out, and the positions of its tasks that are not reported. */
interface Out {
  readonly batch: SentBatch
  readonly unreported: number[]
}

async function run(seed: number): Promise<void> {
  const it = call(seed)
  const { about, chance, from, happens, sent, events, input } = it
  const { returnAs, onError, failing, quits, preDispatch, nJobs, count } = about
  const isList = returnAs === 'list'
  const isArray = Array.isArray(it.tasks)
  if (isArray) {
    for (let n = 0; n < count; n += 1) happens({ is: 'taken' })
    happens({ is: 'input ended' })
  }
  const results = it.parallel(it.tasks as Task<number>[], { signal: it.controller.signal })
  const answers: PromiseSettledResult<unknown>[] = []
  if (isList) listen(results as Promise<unknown>, 0)

  const model = new Model({ returnAs, settles: onError === 'settle' })
  const window = preDispatch === 'all' ? Number.POSITIVE_INFINITY : preDispatch
  const out: Out[] = []
  const finished: SentBatch[] = []
  const given = new Set<number>()
  const seen = { events: 0, batches: 0, answers: 0, tasks: 0 }
  let [asks, stepsAfterTheEnd] = [0, 0]

  for (let step = 0; ; step += 1) {
    await settled()
    look()
    const isTold = answers.some((one) => one.status === 'rejected' || isDone(one.value))
    const next: (() => unknown)[] = out.map((one) => () => (one.unreported.length > 0 ? report(one) : finish(one)))
    if (it.gives.length > 0) next.push(() => it.gives.shift()?.())
    if (!isList && !isTold && asks - answers.length < 2) next.push(ask)
    if (quits?.at === step) await quit(quits.by)
    else if (next.length === 0 || stepsAfterTheEnd > 5) break
    else await from(...next)()
    if (isTold) stepsAfterTheEnd += 1
  }
  sure(answers.length > 0 && model.end !== undefined, 'ends')
  const isEarly = events.some(({ is }) => is === 'aborted' || is === 'left' || is === 'input failed') || failed()
  sure(
    input.closed === (isEarly && !input.isOver && !isArray ? 1 : 0),
    'closes its input once, when that has not ended',
  )
  await it.parallel.terminate()

  /** Compares all that happened since it looked last. */
  function look(): void {
    for (; seen.events < events.length; seen.events += 1) model.step(events[seen.events] as Event)
    for (; seen.batches < sent.length; seen.batches += 1) {
      const batch = sent[seen.batches] as SentBatch
      out.push({ batch, unreported: batch.args.map((_, n) => n) })
      sure(batch.batch.start === seen.tasks, 'sends each task once, in order')
      for (const arg of batch.args) sure(arg === seen.tasks++, 'sends the tasks of the input')
      sure(about.batchSize === 'auto' || batch.args.length <= about.batchSize, 'keeps to the size of batches')
    }
    if (isList) {
      const { end, ready } = model
      sure(answers.length === (end === undefined ? 0 : 1), 'settles when it is over, and not before')
      const [answer] = answers
      if (end?.is === 'failed') sure(isSame(answer, { status: 'rejected', reason: end.error }), 'fails with its error')
      if (end?.is === 'done') sure(answer?.status === 'fulfilled' && areSame(answer.value, ready), 'gives all results')
    } else {
      sure(answers.length === model.answers.length, `gives ${model.answers.length} answers`)
      for (; seen.answers < answers.length; seen.answers += 1) {
        const answer = answers[seen.answers] as PromiseSettledResult<unknown>
        sure(isSame(answer, model.answers[seen.answers]), `gives the right answer, the ${seen.answers}th`)
        if (answer.status === 'fulfilled' && !isDone(answer.value)) given.add(indexOf(answer.value))
      }
    }
    if (model.end === undefined) lookAtWork()
  }

  function lookAtWork(): void {
    const isConsumed = ({ batch }: SentBatch) => isList || batch.tasks.every((_, n) => given.has(batch.start + n))
    const unconsumed = sent.length - finished.filter(isConsumed).length
    sure(unconsumed <= window, 'keeps within its window')
    const isInputOver = isArray
      ? seen.tasks === count
      : events.some(({ is }) => is === 'input ended' || is === 'input failed')
    const isBusy = unconsumed >= window || out.length >= 2 * nJobs || it.gives.length > 0
    sure(isBusy || isInputOver, 'leaves nothing undone')
  }

  function report(one: Out): void {
    const [position] = one.unreported.splice(it.upTo(one.unreported.length - 1), 1) as [number]
    const index = one.batch.batch.start + position
    const outcome: PromiseSettledResult<unknown> = chance(failing)
      ? { status: 'rejected', reason: Object.assign(new Error(`task ${index}`), { index }) }
      : { status: 'fulfilled', value: { index } }
    happens({ is: 'outcome', index, outcome })
    one.batch.onOutcome(index, outcome)
  }

  function finish(one: Out): Promise<unknown> {
    out.splice(out.indexOf(one), 1)
    finished.push(one.batch)
    happens({ is: 'batch finished' })
    return one.batch.finish(it.costs() * one.batch.args.length)
  }

  function ask(): void {
    happens({ is: 'asked' })
    listen((results as AsyncGenerator<unknown>).next(), asks++)
  }

  function listen(promise: Promise<unknown>, n: number): void {
    promise.then(
      (value) => {
        answers[n] = { status: 'fulfilled', value }
      },
      (reason) => {
        answers[n] = { status: 'rejected', reason }
      },
    )
  }

  async function quit(by: 'abort' | 'return' | 'terminate'): Promise<void> {
    const error = by === 'terminate' ? expect.objectContaining({ code: 'PARFOR_DISPOSED' }) : new Error('enough')
    if (by === 'return' && !isList) {
      happens({ is: 'left' })
      await (results as AsyncGenerator<unknown>).return(undefined)
    } else if (by === 'terminate') {
      if (model.end === undefined) happens({ is: 'aborted', error })
      await it.parallel.terminate()
    } else {
      happens({ is: 'aborted', error })
      it.controller.abort(error)
    }
  }

  function failed(): boolean {
    return onError === 'throw' && events.some((event) => event.is === 'outcome' && event.outcome.status === 'rejected')
  }

  function sure(isRight: boolean, what: string): void {
    if (!isRight) throw new Error(`It ${what}: no. ${JSON.stringify(about)}\n${JSON.stringify(events.slice(-12))}`)
  }
}

const isDone = (answer: unknown): boolean => (answer as IteratorResult<unknown>).done === true

/** Of the task whose result, or settled result, this is. */
function indexOf(answer: unknown): number {
  const { value } = answer as { value: { index?: number; value?: { index: number }; reason?: { index: number } } }
  return value.index ?? value.value?.index ?? value.reason?.index ?? Number.NaN
}

/** Whether two answers, or settled results, are alike, down to the very values in them. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const { asymmetricMatch } = b as { asymmetricMatch?: (other: unknown) => boolean }
  if (asymmetricMatch) return asymmetricMatch.call(b, a)
  if (a instanceof Error || b instanceof Error) return false
  const keys = Object.keys(a) as (keyof typeof a)[]
  return keys.length === Object.keys(b).length && keys.every((key) => isSame(a[key], b[key]))
}

function areSame(a: unknown, b: readonly unknown[]): boolean {
  return Array.isArray(a) && a.length === b.length && a.every((one, n) => isSame(one, b[n]))
}

it(
  `${seeds.length} calls at random do what the model does`,
  async () => {
    for (const seed of seeds) {
      await run(seed).catch((cause) => {
        throw new Error(`PARFOR_SEED=${seed} differs from the model: ${cause.message}`, { cause })
      })
    }
  },
  240_000 + 10 * RUNS,
)
