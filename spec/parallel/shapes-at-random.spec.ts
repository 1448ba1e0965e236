import { inspect } from 'node:util'
import { delayed, kwargs, Parallel, type ParallelOptions, partial, type Task, taskInfo } from '../../lib'
import { difference } from '../serialization/isomorphic'
import { type Choices, choices } from '../support/choices'

/*
 * Calls at random, whose tasks are mostly alike: what comes of them is what the plain loop gives, with copies as structured
 * clone makes them. A failure names its round: PARFOR_SEED=123 runs that one alone, PARFOR_RUNS=1000 runs more of them.
 */
const ROUNDS = Number(process.env.PARFOR_RUNS ?? 25)
const SEED = process.env.PARFOR_SEED

const KEYS = [
  'a',
  'b',
  'c',
  '0',
  '10',
  '2',
  'length',
  'then',
  'toJSON',
  'constructor',
  '',
  '\ud800',
  'same',
  'names',
  'of',
]

function cell({ from, upTo, chance }: Choices): unknown {
  const numbers = [0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, -(2 ** 31), 2 ** 32, 0.1]
  const texts = ['', 'x', '\ud800', 'é'.repeat(upTo(40)), chance(0.01) ? 'z'.repeat(200_000) : 'q']
  return from<unknown>(undefined, null, true, false, upTo(1000), upTo(1e6) / 7, ...numbers, ...texts)
}

function value(random: Choices, depth = 3): unknown {
  const { chance, from, upTo } = random
  const kind = upTo(depth > 0 ? 19 : 9)
  if (kind < 10) return cell(random)
  if (kind < 16) {
    const object: Record<string, unknown> = {}
    for (let n = upTo(chance(0.05) ? 20 : 4); n > 0; n -= 1)
      object[chance(0.1) ? `k${n}` : from(...KEYS)] = value(random, depth - 1)
    return object
  }
  if (kind === 16) return Array.from({ length: upTo(4) }, () => value(random, depth - 1))
  if (kind === 17)
    return from<unknown>(new Date(upTo(1e6)), new Map([[1, { a: 1 }]]), BigInt(upTo(9)), Float64Array.of(1, 2))
  const shared: Record<string, unknown> = { n: upTo(9) }
  if (kind === 18) return { x: shared, y: shared }
  shared.self = shared
  return shared
}

/** Another value of the same shape, mostly. */
function like(random: Choices, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return random.chance(0.7) ? cell(random) : value
  const values = Object.values(value)
  const isTree =
    Object.prototype.toString.call(value) === '[object Object]' && new Set([value, ...values]).size > values.length
  return isTree ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, like(random, inner)])) : value
}

const kept = { k: undefined as unknown }
const functions: readonly ((...args: never[]) => unknown)[] = [
  (...args: unknown[]) => args,
  (a: unknown) => a,
  (a: unknown, b: unknown) => ({ a, b }),
  (a: unknown, b: unknown) => ({ a, more: { b, n: 1 } }),
  (...args: unknown[]) => args.length,
  (a: Record<string, unknown>) => {
    if (typeof a !== 'object' || a === null) return 0
    a.seen = ((a.seen as number) ?? 0) + 1
    return a.seen
  },
  (a: unknown) => Object.assign(kept, { k: a }),
  async (a: unknown) => a,
  (a: unknown, b: unknown) =>
    typeof a === 'number' && a % 3 === 0 ? new Promise((resolve) => setImmediate(resolve, b)) : { a },
  (a: unknown) => {
    if (typeof a === 'number' && a % 5 === 0) throw new RangeError(`no ${a}`)
    return a
  },
  (a: unknown) => (typeof a === 'number' ? { n: a } : typeof a === 'string' ? a.length : [a]),
  (a: unknown) => {
    for (const end = performance.now() + 0.3; performance.now() < end; );
    return a
  },
]

interface Spec {
  readonly fn: (...args: never[]) => unknown
  readonly args: readonly unknown[]
  readonly named: Record<string, unknown> | undefined
  readonly bound: readonly unknown[] | undefined
}

function specsOf(random: Choices, count: number): Spec[] {
  const { chance, from, upTo } = random
  const shape = () => Array.from({ length: upTo(3) }, () => value(random))
  const [change, unlike] = [from(0, 0, 0.01, 0.2), from(0, 0, 0.01, 0.1)]
  let fn = from(...functions)
  let args = shape()
  return Array.from({ length: count }, () => {
    if (chance(change)) fn = from(...functions)
    if (chance(unlike)) args = shape()
    const own = args.map((arg) => like(random, arg))
    return {
      fn,
      args: chance(0.005) ? [...own, ...own] : own,
      named: chance(change / 4) ? { k: cell(random) } : undefined,
      bound: chance(change / 4) ? [value(random, 1)] : undefined,
    }
  })
}

const taskOf = ({ fn, args, named, bound }: Spec): Task =>
  delayed((bound ? partial(fn, ...(bound as never[])) : fn) as (...args: unknown[]) => unknown)(
    ...args,
    ...(named ? [kwargs(named)] : []),
  )

async function plainly({ fn, args, named, bound = [] }: Spec): Promise<PromiseSettledResult<unknown>> {
  const [given, own] = [structuredClone(bound), structuredClone(args)] as [never[], never[]]
  try {
    const result = await fn(...given, ...own, ...((named ? [{ ...named }] : []) as never[]))
    return { status: 'fulfilled', value: structuredClone(result) }
  } catch (reason) {
    return { status: 'rejected', reason }
  }
}

/** With the order of keys, and what tells 0 from -0. */
const shown = (result: PromiseSettledResult<unknown>) =>
  inspect(result.status === 'fulfilled' ? [result.value] : (result.reason as Error).message, { depth: 12 })

async function round(seed: number): Promise<void> {
  const random = choices(seed)
  const { chance, from, upTo } = random
  const specs = specsOf(random, from(upTo(12), upTo(100), upTo(1000)))
  const returnAs = from('list', 'generator', 'generator_unordered')
  const options: ParallelOptions<'settle', typeof returnAs> = {
    nJobs: from(1, 2, 2, 3),
    backend: 'threads',
    onError: 'settle',
    batchSize: from<number | 'auto'>(1, 2, 7, 8, 9, 50, 1000, 'auto', 'auto'),
    returnAs,
    ...(chance(0.2) && { preDispatch: from<1 | 'all' | '3*nJobs'>(1, 'all', '3*nJobs') }),
    ...(chance(0.2) && { maxTasksPerWorker: 1 + upTo(300) }),
    ...(chance(0.2) && { timeout: 30_000 }),
    ...(chance(0.2) && { onProgress: () => {} }),
  }
  const expected: PromiseSettledResult<unknown>[] = []
  for (const spec of specs) expected.push(await plainly(spec))
  await using parallel = Parallel(options)
  const returned = parallel(specs.map(taskOf)) as Promise<PromiseSettledResult<unknown>[]> &
    AsyncIterable<PromiseSettledResult<unknown>>
  const results: PromiseSettledResult<unknown>[] = []
  if (returnAs === 'list') results.push(...(await returned))
  else for await (const result of returned) results.push(result)

  const what = JSON.stringify(options)
  const isOrdered = returnAs !== 'generator_unordered'
  const texts = (all: PromiseSettledResult<unknown>[]) => (isOrdered ? all.map(shown) : all.map(shown).sort())
  expect({ what, results: texts(results) }).toEqual({ what, results: texts(expected) })
  if (!isOrdered) return
  for (const [n, result] of results.entries()) {
    if (result.status === 'rejected') expect(taskInfo(result.reason)?.index).toBe(n)
    else expect(difference(result.value, (expected[n] as PromiseFulfilledResult<unknown>).value)).toBeUndefined()
  }
  // No two share anything that one of them could change.
  const objects = results.flatMap((result) =>
    result.status === 'fulfilled' && typeof result.value === 'object' && result.value !== null ? [result.value] : [],
  )
  expect(new Set(objects).size).toBe(objects.length)
}

describe('Tasks of random shapes', () => {
  it.each(SEED === undefined ? Array.from({ length: ROUNDS }, (_, n) => n + 1) : [Number(SEED)])(
    'give what the plain loop gives (seed %i)',
    round,
    60_000,
  )
})
