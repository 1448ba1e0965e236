import type { ParallelBackend } from './backend'
import { close, open } from './backends/opened'
import { resolveBackend } from './backends/resolve'
import { workerEvents } from './backends/worker-events'
import type { Share } from './config/budget'
import { nextNested, tellLimited } from './config/nested'
import type { CallOptions } from './config/options'
import { type Checked, type Settings, settle } from './config/settings'
import { withinBudget } from './config/within-budget'
import { debug } from './debug'
import { autoBatchSize, fixedBatchSize } from './dispatch/batch-size'
import { failedStream, type RunningCall, startCall } from './dispatch/calls'
import type { Plan } from './dispatch/dispatch'
import type { ResultStream } from './dispatch/result-stream'
import { BackendError, DisposedError } from './errors'
import { labelled, usingBackend } from './progress/line'
import { startProgress } from './progress/progress'
import { printLine, startVerbosity } from './progress/verbosity'
import { noteCallers } from './system/program'
import type { NestedConfig } from './task/task'

/** Runs calls, any number of them at once, and keeps what that needs: what a `Parallel` and a `Pool` stand on. */
export interface Runner {
  /**
   * Starts a call.
   *
   * @param ask says what this call asks for; what it throws is the call's error
   * @returns the results, as `returnAs` says: an error is theirs, and is never thrown
   */
  run<A extends Checked['returnAs']>(
    tasks: unknown,
    returnAs: A,
    ask: () => Asked,
  ): A extends 'list' ? Promise<unknown[]> : ResultStream<unknown>
  /** Waits for running calls, then ends the workers. */
  close(): Promise<void>
  /** Ends running calls, and the workers, now. */
  terminate(): Promise<void>
  readonly state: RunnerState
}

export type RunnerState = 'open' | 'closed' | 'terminated'

/** What a call asks for; where it says nothing, it is as for all calls. */
export interface Asked extends CallOptions, Pick<Plan, 'taskOf'>, Partial<Pick<Checked, 'batchSize' | 'onError'>> {}

/** Whose calls they are, in words. */
export interface Owner {
  /** The name on lines of progress, when it has no other. */
  readonly label: string
  /** Why there are no calls any more. */
  isOver(state: RunnerState): string
}

export function createRunner(checked: Checked, owner: Owner): Runner {
  /** Made when first needed, since what a call needs depends on where it is made: inside a task `nJobs` is 1. */
  const backends = new Map<string | ParallelBackend | Share, ParallelBackend>()
  const onWorkerEvent = workerEvents(checked.pool.onWorkerEvent)
  const calls = new Set<RunningCall>()
  let state: RunnerState = 'open'
  let closing: Promise<void> | undefined

  const runner: Omit<Runner, 'run'> & { run(...args: Parameters<Runner['run']>): unknown } = {
    get state() {
      return state
    },

    run(tasks, returnAs, ask) {
      let share: Share | undefined
      try {
        const { signal, onProgress = checked.onProgress, taskOf, ...own } = ask()
        const signals = [checked.signal, signal].filter((one) => one !== undefined)
        refuseIfOver(signals)
        const nested = nextNested()
        const granted = withinBudget(settle({ ...checked, ...own, returnAs }), checked.backend !== undefined)
        share = granted.share
        if (granted.limited) {
          onWorkerEvent(granted.limited)
          tellLimited(granted.limited.reason)
        }
        const planned = plan(granted.settings, nested, share, taskOf)
        // Again: a function that was given for `preDispatch` has run.
        refuseIfOver(signals)
        noteCallers()
        const shape = {
          returnAs,
          settled: granted.settings.onError === 'settle',
          onCompletion: onProgress && startProgress(onProgress, (error) => running?.stop(error)),
          signals,
        }
        let running: RunningCall | undefined
        return startCall(tasks, planned, shape, (call) => {
          running = call
          calls.add(call)
          void call.over.then(() => {
            calls.delete(call)
            if (share) void giveBack(share)
          })
        })
      } catch (error) {
        if (share) void giveBack(share)
        return returnAs === 'list' ? Promise.reject(error) : failedStream(error)
      }
    },

    close() {
      if (state === 'open') state = 'closed'
      closing ??= Promise.all(
        [...calls].map((call) => {
          call.letGo(notAsked())
          return call.over
        }),
      ).then(() => closeBackends())
      return closing
    },

    terminate() {
      state = 'terminated'
      for (const call of calls) call.stop(disposed())
      return closeBackends({ force: true })
    },
  }

  function refuseIfOver(signals: readonly AbortSignal[]) {
    if (state !== 'open') throw disposed()
    for (const signal of signals) if (signal.aborted) throw signal.reason
  }

  function plan(settings: Settings, nested: NestedConfig, share: Share | undefined, taskOf: Plan['taskOf']): Plan {
    const { nJobs, batchSize, verbose, timeout, retries } = settings
    const backend = backendFor(settings, share)
    const workers = backend.effectiveNJobs(nJobs)
    if (!(workers >= 1)) {
      throw new BackendError(`Backend '${backend.name}' has no worker: its effectiveNJobs(${nJobs}) is ${workers}`)
    }
    const plan = {
      backend,
      open: () => open(backend, nJobs, runner),
      workers,
      ...(backend.sharesObjects
        ? { window: 1, batchSize: fixedBatchSize(1) }
        : {
            window: settings.window(workers),
            batchSize:
              batchSize === 'auto' ? autoBatchSize(workers, settings.returnAs === 'list') : fixedBatchSize(batchSize),
          }),
      failFast: settings.onError === 'throw',
      drains: settings.returnAs === 'generator',
      call: { nested, timeout, retries },
      taskOf,
    }
    return verbose > 0 ? { ...plan, onBatch: tellInLines(settings, plan) } : plan
  }

  /** joblib's lines, under the name that it would show. */
  function tellInLines({ verbose, name }: Settings, { backend, workers, window }: Plan & { backend: ParallelBackend }) {
    const label = name ?? owner.label
    if (!backend.sharesObjects) printLine(labelled(label, usingBackend(backend.name, workers)))
    return startVerbosity({ verbose, label, preDispatched: Number.isFinite(window) ? window : 0 })
  }

  /** One for all calls; but a call inside a task, whose workers end with it, has one of its own. */
  function backendFor(settings: Settings, share: Share | undefined): ParallelBackend {
    const own = typeof settings.backend === 'string' ? (share ?? `${settings.backend} ${settings.nJobs}`) : undefined
    const key = own ?? settings.backend
    let backend = backends.get(key)
    if (backend === undefined) {
      backend = resolveBackend(settings, share)
      backends.set(key, backend)
    }
    return backend
  }

  /** At once: the next call may want them. */
  async function giveBack(share: Share) {
    share.release()
    const backend = backends.get(share)
    try {
      if (backend) await close(backend, runner)
    } catch (error) {
      debug.workers('the backend of a call inside a task cannot be closed: %O', error)
    } finally {
      backends.delete(share)
    }
  }

  function closeBackends(options?: { force: boolean }) {
    return Promise.all([...backends.values()].map((backend) => close(backend, runner, options))).then(() => {})
  }

  function disposed() {
    return new DisposedError(owner.isOver(state))
  }

  function notAsked() {
    return new DisposedError(
      `Nobody was asking this call for its results: take them before close(). ${disposed().message}`,
    )
  }

  return runner as Runner
}
