import type { WorkerOptions } from '../../config/options'
import type { Task } from '../../task/task'
import type { WorkerSource } from '../crew'
import { WorkerClient } from '../worker-client'
import { ThreadHandle } from './thread-handle'

interface Kept {
  readonly worker: WorkerClient
  /** Who used it last, and ends it with itself. */
  readonly owner: object
  readonly generation: number
  readonly until: number
}

/** Free threads between calls, by what they were started with: the one used last is taken first. */
const kept = new Map<string, Kept[]>()
const made = new WeakMap<WorkerClient, number>()
let generation = 0
let timer: NodeJS.Timeout | undefined

const names = new WeakMap<Task, number>()
let named = 0

/** Workers that another task has initialized are others. */
function nameOf(initializer: Task): number {
  const name = names.get(initializer) ?? ++named
  names.set(initializer, name)
  return name
}

/** Milliseconds that a pool keeps its workers to itself when a call has ended. */
const MOMENT = 20

/** What pools want to be told then, or when somebody wants a worker before. */
const lingering = new Set<() => void>()
let moment: NodeJS.Timeout | undefined

function lingerNoLonger(): void {
  clearTimeout(moment)
  moment = undefined
  for (const rest of lingering) {
    lingering.delete(rest)
    rest()
  }
}

const SHUTDOWN = 'shutdown() was called'

/** Threads for one pool. */
export function keptThreads(options: WorkerOptions): WorkerSource {
  const { idleTimeout, initializer, ...started } = options
  const key = `${JSON.stringify(started)} ${initializer ? nameOf(initializer) : ''}`
  const owner = {}
  let ownRest: (() => void) | undefined
  let ownGeneration = generation
  return {
    take() {
      lingerNoLonger()
      const found = takeKept(key, owner)
      if (found) return found
      const worker = new WorkerClient(new ThreadHandle(options))
      made.set(worker, generation)
      worker.handle.ready.catch(() => forget(worker))
      return worker
    },
    get kept() {
      return kept.get(key)?.length ?? 0
    },
    keep(worker) {
      if (worker.isGone) return
      if (made.get(worker) !== generation) return void worker.end(SHUTDOWN)
      const list = kept.get(key) ?? []
      kept.set(key, list)
      list.push({ worker, owner, generation, until: performance.now() + idleTimeout })
      wakeLater()
    },
    linger(rest) {
      // After `shutdown()` each of its workers ends with its call.
      if (ownGeneration !== generation) {
        ownGeneration = generation
        rest()
        return
      }
      ownRest = rest
      lingering.add(rest)
      moment ??= setTimeout(lingerNoLonger, MOMENT).unref()
    },
    endKept(reason) {
      if (ownRest) lingering.delete(ownRest)
      return end((entry) => entry.owner === owner, reason)
    },
  }
}

/** Ends every thread that is free, and each other one as soon as its call has ended. */
export function endKeptThreads(): Promise<void> {
  lingerNoLonger()
  generation += 1
  return end(() => true, SHUTDOWN)
}

function takeKept(key: string, owner: object): WorkerClient | undefined {
  const list = kept.get(key) ?? []
  for (let n = list.length; n > 0; n = list.length) {
    const own = list.findLastIndex((entry) => entry.owner === owner)
    const [entry] = list.splice(own < 0 ? n - 1 : own, 1)
    if (entry && !entry.worker.isGone) return entry.worker
  }
  return undefined
}

function forget(worker: WorkerClient): void {
  for (const list of kept.values()) {
    const n = list.findIndex((entry) => entry.worker === worker)
    if (n >= 0) list.splice(n, 1)
  }
}

async function end(which: (entry: Kept) => boolean, reason: string): Promise<void> {
  const ending: Promise<void>[] = []
  for (const [key, list] of kept) {
    const left = list.filter((entry) => !which(entry))
    for (const entry of list) if (which(entry)) ending.push(entry.worker.end(reason))
    if (left.length > 0) kept.set(key, left)
    else kept.delete(key)
  }
  await Promise.all(ending)
}

/** One timer for all: it ends what has been free for too long, and never keeps the process alive. */
function wakeLater(): void {
  clearTimeout(timer)
  const soonest = Math.min(...[...kept.values()].flat().map(({ until }) => until))
  if (soonest === Number.POSITIVE_INFINITY) return
  timer = setTimeout(
    () => {
      const now = performance.now()
      void end(({ until }) => until <= now, 'it was idle for as long as idleTimeout says')
      wakeLater()
    },
    Math.max(1, Math.ceil(soonest - performance.now())),
  )
  timer.unref()
}
