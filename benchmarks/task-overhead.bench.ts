/**
 * What does a task that does nothing cost?
 *
 * It gives back its argument, so all the time goes into making tasks, sending them, and collecting results. Whoever
 * sends each task alone pays for a message each time; how many travel together decides the rest. Who is slow is given
 * fewer tasks, which does not make them dearer.
 */
import { delayed } from 'parfor'
import { type Bench, timeMap, timePool, type Work } from './harness'
import { openParfor, parfor } from './peers/parfor'
import type { Peer } from './peers/peer'
import { piscina } from './peers/piscina'
import { poolifier } from './peers/poolifier'
import { type PythonLibrary, timePython } from './peers/python'
import { raw } from './peers/raw'
import { rawBatched } from './peers/raw-batched'
import { threads } from './peers/threads'
import { tinypool } from './peers/tinypool'
import { workerpool } from './peers/workerpool'

/** 16 are as quick as 1000, and 2 take five times as long. */
const oneByOne = raw(16)
const million = 1_000_000
const counts = new Map<Peer, number>([
  [parfor, million],
  [rawBatched, million],
  [oneByOne, 100_000],
  [piscina, 20_000],
  [tinypool, 20_000],
  [workerpool, 20_000],
  [poolifier, 20_000],
  [threads, 1000],
])
const libraries: PythonLibrary[] = ['joblib', 'multiprocessing']

/** So many tasks, each of what `item` makes of its number; a tenth of them to warm up. */
function many<T, R>(count: number, fn: (item: T) => R, item: (i: number) => T): Work<T, R> {
  function* items(length: number) {
    for (let i = 0; i < length; i++) yield item(i)
  }
  return {
    fn,
    items: () => items(count),
    warmUp: () => items(count / 10),
    samples: count === million || count <= 1000 ? 1 : 3,
  }
}

function python(fn: 'noop' | 'record') {
  const count = 200_000
  const measured = libraries.map((library) => [
    library,
    async () => (1000 * (await timePython(library, { fn, count, samples: 1 }))) / count,
  ])
  return Object.fromEntries(measured)
}

/** Microseconds per task of each peer. */
function contestants(measure: (peer: Peer, count: number) => Promise<number>) {
  const measured = [...counts].map(([peer, count]) => [
    peer.name,
    async () => (1000 * (await measure(peer, count))) / count,
  ])
  return Object.fromEntries(measured)
}

function ofNumbers(peer: Peer, count: number): Promise<number> {
  return timeMap(
    peer,
    many(
      count,
      (i: number) => i,
      (i) => i,
    ),
  )
}

type Pair = [number, { a: number; b: string }]
/** The others take one value; parfor is called as its users do. */
const withTwo = delayed((i: number, { a, b }: Pair[1]) => ({ sum: i + a, name: b }))

function ofPairs(peer: Peer, count: number): Promise<number> {
  const work = many(
    count,
    ([i, { a, b }]: Pair) => ({ sum: i + a, name: b }),
    (i): Pair => [i, { a: i, b: 'x' }],
  )
  if (peer !== parfor) return timeMap(peer, work)
  return timePool(
    openParfor((pair: Pair) => withTwo(...pair), { nJobs: 2 }),
    work,
  )
}

export default {
  question: 'What does a task that does nothing cost?',
  comparisons: [
    {
      work: '1,000,000 tasks from a generator, each gives back its number, two warm workers',
      unit: 'µs per task',
      against: piscina.name,
      contestants: {
        ...contestants(ofNumbers),
        ...python('noop'),
      },
      asks: [
        { of: parfor.name, against: piscina.name, atLeast: 60 },
        { of: parfor.name, against: rawBatched.name, atLeast: 0.5 },
        { of: parfor.name, against: 'joblib', atLeast: 10 },
      ],
    },
    {
      work: "the same with the arguments `i, { a: i, b: 'x' }`, each gives an object",
      unit: 'µs per task',
      against: piscina.name,
      contestants: {
        ...contestants(ofPairs),
        ...python('record'),
      },
      asks: [{ of: parfor.name, against: piscina.name, atLeast: 25 }],
    },
  ],
  plot: { kind: 'bars', title: 'One task that does nothing', of: 0, axis: 'µs', logarithmic: true },
} satisfies Bench
