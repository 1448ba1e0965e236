import { performance } from 'node:perf_hooks'

/** `performance.now()` begins anew in each thread; what it counts with, the monotonic clock of the machine, does not. */
const origin = Number(process.hrtime.bigint() / 1000n) / 1000 - performance.now()

/** Milliseconds on a clock that all threads of this machine share. */
export function sharedNow(): number {
  return origin + performance.now()
}

/** A time of that clock in a word of 32 bits: whole milliseconds, never before the time. */
export function toStamp(now: number): number {
  return Math.ceil(now) | 0
}

/** Milliseconds from a stamp to `now`, for up to 24 days: whole ones, and never more than there were. */
export function since(stamp: number, now: number): number {
  return ((Math.floor(now) | 0) - stamp) | 0
}
