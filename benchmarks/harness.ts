import { isDeepStrictEqual } from 'node:util'
import type { Peer } from './peers/peer'

/** What a `*.bench.ts` exports: a question, and the measurements that answer it. */
export interface Bench {
  readonly question: string
  readonly comparisons: readonly Comparison[]
}

/** The same work done in several ways. It becomes one table. */
export interface Comparison {
  readonly work: string
  /** Of what `contestants` measure; less is better. */
  readonly unit: string
  /** The contestant whose speed counts as 1. */
  readonly against: string
  /** Each measures once, in a process of its own, and throws when a result is wrong. */
  readonly contestants: Readonly<Record<string, () => Promise<number>>>
}

export interface Work {
  readonly fn: (item: number) => number
  readonly items: () => Iterable<number>
  readonly workers?: number
  /** How often the work is done for one measurement, after a tenth of that (at least once) to warm up. */
  readonly samples: number
}

/** Milliseconds that a peer needs for all of the work: the median of the samples, whose results are all checked. */
export async function timeMap(peer: Peer, { fn, items, workers = 2, samples }: Work): Promise<number> {
  const expected = Array.from(items(), (item) => fn(item))
  await using pool = await peer.open(fn, workers)
  const times: number[] = []
  for (let sample = -Math.ceil(samples / 10); sample < samples; sample++) {
    const start = performance.now()
    const results = await pool.map(items())
    const time = performance.now() - start
    if (!isDeepStrictEqual(results, expected)) throw new Error(`${peer.name}: wrong results`)
    if (sample >= 0) times.push(time)
  }
  return median(times)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
}
