import { onAbort } from '../system/signals'
import { type Dispatch, dispatch, type Plan, type Receiver } from './dispatch'
import { ResultStream } from './result-stream'
import { collectList, type OnCompletion, streamResults } from './results'

/** A call that runs. It does not hold what its caller got of it: a stream that is forgotten ends its call. */
export interface RunningCall {
  /** Ends it with this error. */
  stop(error: unknown): void
  /** Resolves when all its tasks are completed, or it has failed: its backend ends what runs of it then. */
  over(): Promise<void>
  /** Ends it, unless it can finish by itself, or somebody asks for its results. */
  letGo(error: unknown): void
}

/** How the results of a call are given. */
export interface Shape {
  readonly returnAs: 'list' | 'generator' | 'generator_unordered'
  /** Whether they are settled results rather than values. */
  readonly settled: boolean
  readonly onCompletion: OnCompletion | undefined
  /** Each ends the call with its reason. */
  readonly signals: readonly AbortSignal[]
}

/** Returns what is called when it is over. */
type OnStart = (call: RunningCall) => () => void

/**
 * Starts a call. Its first tasks are taken before this returns.
 *
 * @param onStart - Is given the call before that: they may end it.
 * @returns The results, as the caller wants them.
 */
export function startCall(
  tasks: unknown,
  plan: Plan,
  shape: Shape,
  onStart: OnStart,
): Promise<unknown[]> | ResultStream<unknown> {
  return shape.returnAs === 'list' ? startList(tasks, plan, shape, onStart) : startStream(tasks, plan, shape, onStart)
}

function startList(tasks: unknown, plan: Plan, { settled, onCompletion, signals }: Shape, onStart: OnStart) {
  const results = collectList(settled, onCompletion)
  const { receiver, over, onOver } = withEnd(results)
  const run = dispatch(tasks, plan, receiver)
  const unlisten = onAbort(signals, run.stop)
  const alive = keepAlive(signals)
  alive?.ref()
  onOver(() => {
    unlisten()
    clearInterval(alive)
  })
  onOver(onStart({ stop: run.stop, over, letGo: () => {} }))
  run.start()
  return results.list
}

function startStream(tasks: unknown, plan: Plan, shape: Shape, onStart: OnStart) {
  const { returnAs, settled, onCompletion, signals } = shape
  const ordered = returnAs === 'generator'
  const alive = keepAlive(signals)
  const results = streamResults({
    ordered,
    settled,
    onCompletion,
    onWaiting: (isWaiting) => (isWaiting ? alive?.ref() : alive?.unref()),
    onOver() {
      unlisten()
      clearInterval(alive)
    },
  })
  const { receiver, over, onOver } = withEnd(results)
  const run = dispatch(tasks, plan, receiver)
  const unlisten = onAbort(signals, (reason) => {
    run.stop(reason)
    // Also when all tasks are completed, and not all results taken.
    results.stopped(reason)
  })
  onOver(onStart({ stop: run.stop, over, letGo: (error) => letGo(run, results, error) }))
  run.start()
  return new ResultStream(results, () => {
    run.stop(new Error('The results were not wanted any more'))
    // Also when all tasks are completed: then there are signals to be listened to no more.
    results.close()
  })
}

/** A stream whose call could not begin: it says so when it is asked for the first result. */
export function failedStream(error: unknown): ResultStream<unknown> {
  const results = streamResults({ ordered: true, settled: false, onOver: () => {} })
  results.failed(error)
  return new ResultStream(results, () => {})
}

/**
 * A call may wait for its input only, or for a task of this thread, and a time that is to end it (`AbortSignal.timeout`)
 * does not keep the process alive by itself. Somebody who waits for results that a signal can end keeps it alive.
 */
function keepAlive(signals: readonly AbortSignal[]): NodeJS.Timeout | undefined {
  return signals.length > 0 ? setInterval(() => {}, 2 ** 31 - 1).unref() : undefined
}

/** What is to be done at the end of a call, however it ends. */
function withEnd(receiver: Receiver) {
  let listeners: (() => void)[] | undefined = []
  const end = () => {
    const all = listeners ?? []
    listeners = undefined
    for (const listen of all) listen()
  }
  const onOver = (listen: () => void) => {
    if (listeners) listeners.push(listen)
    else listen()
  }
  return {
    onOver,
    over: () => new Promise<void>(onOver),
    receiver: {
      completed: receiver.completed,
      fulfilled: receiver.fulfilled,
      ended() {
        receiver.ended()
        end()
      },
      failed(error) {
        receiver.failed(error)
        end()
      },
      stopped(error) {
        receiver.stopped(error)
        end()
      },
    } satisfies Receiver,
  }
}

/** Milliseconds that nobody asks for results, and nothing runs, until a call that is let go is ended. */
const PATIENCE = 500
const LOOK = 20

/**
 * A stream that nobody asks may end nowhere: its tasks wait until results are taken. One that was asked may be so again,
 * as soon as its consumer is done with the last result.
 */
function letGo(
  run: Dispatch,
  results: { readonly isWaitedFor: boolean; readonly asked: number },
  error: unknown,
): void {
  let { asked } = results
  let patience = PATIENCE
  const look = () => {
    if (run.isOver()) return
    if (results.asked !== asked || results.isWaitedFor || !run.isIdle()) {
      asked = results.asked
      patience = PATIENCE
    } else {
      patience = asked === 0 && run.isStalled() ? 0 : patience - LOOK
    }
    if (patience <= 0) run.stop(error)
    else setTimeout(look, LOOK)
  }
  // Not now: whoever takes the results may begin right after close().
  setImmediate(look)
}
