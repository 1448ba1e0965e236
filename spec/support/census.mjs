// What a program holds that could be left behind; programs of leaks.spec.ts import it. They run with --expose-gc.
import { subscribe } from 'node:diagnostics_channel'
import { existsSync, readdirSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { queryObjects } from 'node:v8'
import { MessagePort } from 'node:worker_threads'

/** How many threads have not exited. */
let alive = 0
const exited = () => {
  alive -= 1
}
const workers = []
subscribe('worker_threads', ({ worker }) => {
  alive += 1
  worker.once('exit', exited)
  workers.push(new WeakRef(worker))
})

const timer = setTimeout(() => {})
clearTimeout(timer)
const Timeout = timer.constructor

// The threads that read files are started with the first of it, and stay.
await readdir('.')

/** Of Linux, which alone tells. */
const entries = (folder) => (existsSync(folder) ? readdirSync(folder).length : 0)

/** With the prototypes that inherit from the type's own. */
const count = (type) => queryObjects(type, { format: 'count' })

// Made when they are first used; they stay.
const emitters = [process, process.stdout, process.stderr]

const listenersOf = (emitter) =>
  Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]))

/** Collects garbage, in several turns: one lets go of what the next one collects. */
async function collect(turns = 5) {
  for (let turn = 0; turn < turns; turn += 1) {
    await setImmediate()
    gc()
  }
}

/**
 * @param osThreads how many threads of the process are waited for: the system takes one off its list a moment after it has
 * been joined
 * @param timers how many timers are waited for: some are set for some milliseconds, whatever is done
 */
export async function census({ osThreads = 0, timers = Number.POSITIVE_INFINITY } = {}) {
  while (osThreads > 0 && entries('/proc/self/task') > osThreads) await setImmediate()
  await collect()
  for (let turn = 0; turn < 100 && count(Timeout) > timers; turn += 1) await collect(1)
  return {
    started: workers.length,
    alive,
    osThreads: entries('/proc/self/task'),
    descriptors: entries('/proc/self/fd'),
    resources: process.getActiveResourcesInfo(),
    listeners: emitters.map(listenersOf),
    held: workers.filter((worker) => worker.deref() !== undefined).length,
    ports: count(MessagePort),
    timers: count(Timeout),
    signals: count(AbortSignal),
    heap: process.memoryUsage().heapUsed,
  }
}

const noted = []

/** Remembers a value by a name, and does not hold it. */
export function note(name, value) {
  noted.push({ name, value: new WeakRef(value) })
  return value
}

/**
 * Collects garbage until nothing that was noted is left, or fifty times over: a pool keeps its workers to itself for a moment.
 * Gives the names of what is.
 */
export async function left() {
  const names = () => noted.filter(({ value }) => value.deref() !== undefined).map(({ name }) => name)
  for (let turn = 0; turn < 50 && names().length > 0; turn += 1) await collect(1)
  return names()
}
