import { AsyncResource } from 'node:async_hooks'
import type { ParallelBackend } from './backend'
import { close, open } from './backends/opened'
import { resolveBackend } from './backends/resolve'
import { workerEvents } from './backends/worker-events'
import { isRegistered } from './config/backend-names'
import type { Share } from './config/budget'
import { isOnWorker, nextNested, tellLimited } from './config/nested'
import type { CallOptions } from './config/options'
import { type Checked, type Settings, settle, withSurroundings } from './config/settings'
import { withinBudget } from './config/within-budget'
import { debug } from './debug'
import { autoBatchSize, fixedBatchSize } from './dispatch/batch-size'
import { failedStream, type RunningCall, startCall } from './dispatch/calls'
import type { Counted, Plan } from './dispatch/dispatch'
import { KnownCosts } from './dispatch/known-costs'
import type { ResultStream } from './dispatch/result-stream'
import { BackendError, DisposedError } from './errors'
import { labelled, usingBackend } from './progress/line'
import { startProgress } from './progress/progress'
import { showProgress } from './progress/show'
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
  /** What stands in the lines of `progress`, when it has no name. */
  readonly kind: 'Parallel' | 'Pool'
  /** The name on joblib's lines, when it has no other. */
  label(nJobs: number | undefined): string
  /** Whether `parallelConfig` has a say in what it was not given itself. */
  readonly hasSurroundings: boolean
  /** Why there are no calls any more. */
  isOver(state: RunnerState): string
}

export function createRunner(checked: Checked, owner: Owner): Runner {
  /** Made when first needed, since what a call needs depends on where it is made: inside a task `nJobs` is 1. */
  const backends = new Map<string | ParallelBackend | Share, ParallelBackend>()
  const calls = new Set<RunningCall>()
  const costs = new KnownCosts()
  let state: RunnerState = 'open'
  let closing: Promise<void> | undefined

  const runner: Omit<Runner, 'run'> & { run(...args: Parameters<Runner['run']>): unknown } = {
    get state() {
      return state
    },

    run(tasks, returnAs, ask) {
      let share: Share | undefined
      try {
        const settings = owner.hasSurroundings ? withSurroundings(checked) : checked
        const { signal, onProgress = settings.onProgress, taskOf, ...own } = ask()
        const signals = [settings.signal, signal].filter((one) => one !== undefined)
        refuseIfOver(signals)
        const nested = nextNested()
        const granted = withinBudget(settle({ ...settings, ...own, returnAs }), settings.backend !== undefined)
        share = granted.share
        if (granted.limited) {
          workerEvents(settings.pool.onWorkerEvent)(granted.limited)
          tellLimited(granted.limited.reason)
        }
        const planned = plan(granted.settings, nested, share, taskOf, onProgress !== undefined)
        // Again: a function that was given for `preDispatch` has run.
        refuseIfOver(signals)
        noteCallers()
        const shape = {
          returnAs,
          settled: granted.settings.onError === 'settle',
          // What a worker tells comes in the context of whoever started it.
          onCompletion: onProgress && startProgress(AsyncResource.bind(onProgress), (error) => running?.stop(error)),
          signals,
        }
        let running: RunningCall | undefined
        return startCall(tasks, planned, shape, (call) => {
          running = call
          calls.add(call)
          return () => {
            calls.delete(call)
            // When its backend has heard of the end, too.
            if (share) void Promise.resolve(share).then(giveBack)
          }
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
          return call.over()
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

  function plan(
    settings: Settings,
    nested: NestedConfig,
    share: Share | undefined,
    taskOf: Plan['taskOf'],
    hearsOfEach: boolean,
  ): Plan {
    const { nJobs, batchSize, verbose, progress, name, timeout, retries, maxNbytes } = settings
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
              batchSize === 'auto'
                ? autoBatchSize(workers, settings.returnAs === 'list', backend.movesTasks ? costs : undefined)
                : fixedBatchSize(batchSize),
          }),
      failFast: settings.onError === 'throw',
      drains: settings.returnAs === 'generator',
      call: {
        nested,
        timeout,
        retries,
        isPatient: settings.returnAs === 'list' && !hearsOfEach,
        ...(backend.supportsSharedMemory && { maxNbytes }),
      },
      taskOf,
      // The terminal is the outermost caller's.
      watch: progress && !isOnWorker() ? (look: () => Counted) => showProgress(name, owner.kind, look) : undefined,
    }
    return verbose > 0 ? { ...plan, onBatch: tellInLines(settings, plan) } : plan
  }

  /** joblib's lines, under the name that it would show. */
  function tellInLines(
    { verbose, name, given }: Settings,
    { backend, workers, window }: Plan & { backend: ParallelBackend },
  ) {
    const label = name ?? owner.label(given.nJobs)
    if (!backend.sharesObjects) printLine(labelled(label, usingBackend(backend.name, workers)))
    return startVerbosity({ verbose, label, preDispatched: Number.isFinite(window) ? window : 0 })
  }

  /** One for all calls that want the same; but a call inside a task, whose workers end with it, has one of its own. */
  function backendFor(settings: Settings, share: Share | undefined): ParallelBackend {
    const { backend: asked } = settings
    const key = typeof asked !== 'string' ? asked : (share ?? kindOf(settings))
    let backend = backends.get(key)
    if (backend === undefined) {
      backend = resolveBackend(settings, share)
      backends.set(key, backend)
    }
    return backend
  }

  /** What makes a difference to a backend: its workers too, where the surroundings of a call have something to say of them. */
  function kindOf({ backend, nJobs, given, worker, pool, require }: Settings): string {
    const kind = `${backend} ${nJobs}`
    if (given === checked.given) return kind
    const { initializer, ...started } = worker
    const { onWorkerEvent, ...recycling } = pool
    return JSON.stringify([kind, require, started, recycling, identityOf(initializer), identityOf(onWorkerEvent)])
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

  // Only a registered backend itself can tell whether it is what is asked for.
  if (checked.require !== undefined && isRegistered(checked.backend)) backendFor(settle(checked), undefined)
  return runner as Runner
}

const identities = new WeakMap<object, number>()
let lastIdentity = 0

/** The same number for the same object. */
function identityOf(object: object | undefined): number | undefined {
  if (object === undefined) return undefined
  const identity = identities.get(object) ?? ++lastIdentity
  identities.set(object, identity)
  return identity
}
