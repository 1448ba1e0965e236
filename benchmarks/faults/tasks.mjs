// What runs in workers. Every task takes one argument.
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'

const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** Blocks its thread for so many milliseconds. */
export function pause(ms) {
  wait(ms)
  return ms
}

/** Waits for so many milliseconds, and leaves its thread free. */
export const nap = (ms) => sleep(ms, ms)

/** Whether another task comes here while this one waits for it, on another thread. */
export function meet({ flags, ms }) {
  const end = Date.now() + ms
  Atomics.add(flags, 0, 1)
  while (Atomics.load(flags, 0) < 2 && Date.now() < end) wait(5)
  return Atomics.load(flags, 0) >= 2
}

export const double = (n) => 2 * n

/** Others run when it exits. */
export function exit(code) {
  wait(50)
  process.exit(code)
}

export function hoard() {
  wait(50)
  const kept = []
  for (;;) kept.push(new Array(10_000).fill(0.5))
}

export async function throwLaterWhileItAwaits() {
  setTimeout(() => {
    throw new RangeError('late')
  }, 50)
  await sleep(500)
  return 'done'
}

export function throwLaterThanItReturns() {
  setTimeout(() => {
    throw new RangeError('late')
  }, 50)
  return 'done'
}

export async function leaveRejection() {
  setTimeout(() => Promise.reject(new RangeError('unheard')), 50)
  await sleep(500)
  return 'done'
}

export function recurse() {
  return recurse() + 1
}

/** Tells where it runs, and goes on for ever. */
export function spin(flags) {
  if (flags) Atomics.store(flags, 0, threadId)
  for (;;);
}

/** Tells where it runs, and waits long. */
export async function linger(flags) {
  Atomics.store(flags, 0, threadId)
  await sleep(2000)
  return 'done'
}

export const giveFunction = () => (n) => n * 2
export const giveWeakMap = () => ({ map: new WeakMap() })
export const giveSocket = () => ({ socket: new Socket() })

export const call = ({ fn }) => fn(21)
export const take = () => 'taken'

export class QuotaError extends RangeError {
  name = 'QuotaError'
  code = 'E_QUOTA'
  constructor(limit, options) {
    super('over the limit', options)
    this.limit = limit
  }
}

export function throwQuota(limit) {
  throw new QuotaError(limit, { cause: new TypeError('no space') })
}

/** Makes a pool of its own, whose tasks do the same, and marks each thread that it ran on. */
export async function nest({ library, depth, flags }) {
  Atomics.store(flags, threadId, 1)
  if (depth === 1) return pause(50)
  const { create } = await import(`./libraries/${library}.mjs`)
  const pool = await create({ file: import.meta.url, workers: 2, onError() {} })
  const task = ['nest', { library, depth: depth - 1, flags }]
  await Promise.all(pool.run([task, task]))
  await pool.close()
  return depth
}
