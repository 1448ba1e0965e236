import { inspect } from 'node:util'

/** How many batches may be out for this many workers: a whole number ≥ 1, or `Infinity`. */
export type Window = (nJobs: number) => number

const valid = "a number ≥ 1, 'all', 'k*nJobs' (such as '2*nJobs') or a function of nJobs"

/**
 * Reads `preDispatch`. joblib evaluates any expression; a function says the same, and is checked by the compiler.
 *
 * @throws TypeError when it is none of the valid forms. RangeError for a window below 1, which would let nothing
 * happen: here for a number, from the returned function otherwise.
 */
export function checkPreDispatch(preDispatch: unknown): Window {
  if (preDispatch === 'all') return () => Number.POSITIVE_INFINITY
  if (typeof preDispatch === 'number') {
    const window = atLeastOne(preDispatch, inspect(preDispatch))
    return () => window
  }
  if (typeof preDispatch === 'function') {
    return (nJobs) => {
      const window: unknown = preDispatch(nJobs)
      if (typeof window !== 'number') {
        throw new TypeError(`preDispatch must return a number; for nJobs = ${nJobs} it returned ${inspect(window)}`)
      }
      return atLeastOne(window, `a function that returned ${window} for nJobs = ${nJobs}`)
    }
  }
  const [matched, factor] = /^\s*(?:(\d+(?:\.\d+)?)\s*\*\s*)?nJobs\s*$/.exec(String(preDispatch)) ?? []
  if (typeof preDispatch !== 'string' || matched === undefined) {
    throw new TypeError(`preDispatch must be ${valid}; got ${inspect(preDispatch, { depth: 0 })}`)
  }
  if (Number(factor) === 0) atLeastOne(0, inspect(preDispatch))
  return (nJobs) => atLeastOne(Number(factor ?? 1) * nJobs, `'${preDispatch}' with nJobs = ${nJobs}`)
}

function atLeastOne(window: number, given: string): number {
  if (!(window >= 1)) throw new RangeError(`preDispatch must be ${valid}; got ${given}`)
  return Math.floor(window)
}
