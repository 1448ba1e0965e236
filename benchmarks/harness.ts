import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Peer, Pool } from './peers/peer'

/** What a `*.bench.ts` exports: a question, and the measurements that answer it. */
export interface Bench {
  readonly question: string
  readonly comparisons: readonly Comparison[]
  readonly plot?: Plot
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
  readonly asks?: readonly Ask[]
  /** Where the comparison stands in a plot of lines. */
  readonly x?: number
}

/**
 * What is asked of a contestant. It is `against` another `atLeast` so many times as fast, or takes `atMost` so many times
 * as much; or takes `atMost` so much more than what it is `over`; or `atMost` so much.
 */
export interface Ask {
  readonly of: string
  readonly against?: string
  readonly over?: string
  readonly atLeast?: number
  readonly atMost?: number
}

/** A picture of a bench. */
export type Plot = Bars | Lines

/** What the contestants of one comparison measured. */
export interface Bars {
  readonly kind: 'bars'
  readonly title: string
  /** Which comparison. */
  readonly of: number
  readonly axis: string
  readonly logarithmic?: boolean
}

/** How the contestants' speed changes from comparison to comparison. */
export interface Lines {
  readonly kind: 'lines'
  readonly title: string
  readonly axis: string
  /** What the comparisons' `x` is. */
  readonly x: string
}

/** What each contestant measured, round by round. */
export type Measured = ReadonlyMap<string, readonly number[]>

/** How many times as much one takes as the other. Round by round: what slows the machine for a while slows both. */
export function ratios(measured: Measured, one: string, other: string): number[] {
  const values = measured.get(one) ?? []
  return (measured.get(other) ?? []).map((value, round) => (values[round] ?? Number.NaN) / value)
}

/** Thrown by a contestant that cannot run here: its row is left out, and the table says why. */
export class LeftOut extends Error {}

/** The same measurement of several peers. */
export function contestants(peers: readonly Peer[], measure: (peer: Peer) => Promise<number>) {
  return Object.fromEntries(peers.map((peer) => [peer.name, () => measure(peer)]))
}

export interface Work<T = number, R = number> {
  readonly fn: (item: T) => R
  readonly items: () => Iterable<T>
  readonly workers?: number
  /** How often the work is done for one measurement. */
  readonly samples: number
  /** What is done before, once; without it, all of the work, for a tenth of the samples and at least once, or so often. */
  readonly warmUp?: (() => Iterable<T>) | number
  /** Milliseconds before each sample in which nothing happens. */
  readonly pause?: number
  /** Whether the results are right, where they are too large to have them twice. */
  readonly isRight?: (results: readonly R[]) => boolean
}

/** Milliseconds that a peer needs for all of the work: the median of the samples, whose results are all checked. */
export async function timeMap<T, R>(peer: Peer, work: Work<T, R>): Promise<number> {
  return timePool(await peer.open(work.fn, work.workers ?? 2), work)
}

/** The same with a pool that was opened in a way of its own. It is closed. */
export async function timePool<T, R>(opened: Pool<T, R>, work: Work<T, R>): Promise<number> {
  const { fn, items, samples, warmUp, pause = 0, isRight = equals(serially(fn, items)) } = work
  await using pool = opened
  if (typeof warmUp === 'function') await pool.map(warmUp())
  const before = typeof warmUp === 'function' ? 0 : (warmUp ?? Math.ceil(samples / 10))
  const times: number[] = []
  for (let sample = -before; sample < samples; sample++) {
    if (pause > 0) await setTimeout(pause)
    const start = performance.now()
    const results = await pool.map(items())
    const time = performance.now() - start
    if (!isRight(results)) throw new Error('wrong results')
    if (sample >= 0) times.push(time)
  }
  return median(times)
}

function serially<T, R>(fn: (item: T) => R, items: () => Iterable<T>): R[] {
  return Array.from(items(), (item) => fn(item))
}

/** Quick for millions of numbers, which `isDeepStrictEqual` is not. */
function equals<R>(expected: readonly R[]) {
  return (results: readonly R[]) =>
    results.length === expected.length &&
    results.every((result, i) => Object.is(result, expected[i]) || isDeepStrictEqual(result, expected[i]))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
}
