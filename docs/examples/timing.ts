import { isDeepStrictEqual } from 'node:util'

/** How many seconds a piece of work takes, and what it makes. */
export async function timed<R>(work: () => R | Promise<R>): Promise<{ result: R; seconds: number }> {
  const start = performance.now()
  const result = await work()
  return { result, seconds: (performance.now() - start) / 1000 }
}

/** Does the same work twice, first serially, then in parallel; says how long each took and that the results agree. */
export async function compare<R>(serially: () => R | Promise<R>, inParallel: () => Promise<R>): Promise<R> {
  const serial = await timed(serially)
  const parallel = await timed(inParallel)
  if (!isDeepStrictEqual(parallel.result, serial.result)) throw new Error('serial and parallel results differ')
  console.log(`serial:   ${serial.seconds.toFixed(3)} s`)
  console.log(`parallel: ${parallel.seconds.toFixed(3)} s`)
  console.log(`ratio:    ${(serial.seconds / parallel.seconds).toFixed(2)}`)
  console.log('results:  identical')
  return parallel.result
}
