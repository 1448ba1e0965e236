import { performance } from 'node:perf_hooks'

/** `performance.now()` begins anew in each thread; what it counts with, the monotonic clock of the machine, does not. */
const origin = originOfThread()

/** The two clocks are read one after the other, and a thread may be made to wait in between: the closest of some tries. */
function originOfThread(): number {
  let closest = Number.POSITIVE_INFINITY
  let found = 0
  for (let n = 0; n < 5; n += 1) {
    const before = performance.now()
    const ofMachine = Number(process.hrtime.bigint() / 1000n) / 1000
    const took = performance.now() - before
    if (took >= closest) continue
    closest = took
    found = ofMachine - before
  }
  return found
}

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
