// Programs that must compile. Nothing here is run.
import {
  type AsyncResult,
  type BackendFactory,
  type CallOptions,
  delayed,
  kwargs,
  type ManagedDict,
  type ManagedList,
  Manager,
  Parallel,
  type ParallelBackend,
  type ParallelConfig,
  type ParallelOptions,
  Pool,
  type PoolOptions,
  parallelConfig,
  partial,
  registerParallelBackend,
  type Task,
  transfer,
} from 'parfor'

declare function addNumbers(end: number, options?: { startFrom?: number; printDone?: boolean }): Promise<number>
declare function score(subject: string, weight: number, options: { unit: string; digits: number }): string
declare const anyCase: boolean

/** Compiles when `A` and `B` are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function sure<_ extends true>() {}

export function tasks() {
  const plain = delayed(score)('a', 1, { unit: 'm', digits: 2 })
  sure<Same<typeof plain, Task<string>>>()
  const awaited = delayed(addNumbers)(3)
  sure<Same<typeof awaited, Task<number>>>()
  const named = [
    delayed(addNumbers)(3, kwargs({ startFrom: 0 })),
    delayed(addNumbers)(3, kwargs({})),
    delayed(score)('a', 1, kwargs({ unit: 'm', digits: 2 })),
  ] as const
  sure<Same<(typeof named)[0], Task<number>>>()
  const generic = delayed(<T>(value: T) => value)(5 as number)
  sure<Same<typeof generic, Task<number>>>()
  const variadic = delayed(Math.max)(1, 2, 3)
  sure<Same<typeof variadic, Task<number>>>()
  const callback = delayed((f: (n: number) => number, n: number) => f(n))((n) => n * 2, 3)
  sure<Same<typeof callback, Task<number>>>()
  const moved = delayed((data: { x: Float64Array }) => transfer(data.x))(transfer({ x: new Float64Array(1) }))
  sure<Same<typeof moved, Task<Float64Array>>>()
  const nothing = delayed(() => {})()
  sure<Same<typeof nothing, Task<void>>>()
  const byHand: Task<number> = { fn: Math.sqrt, args: [4] }
  return [plain, awaited, named, moved, byHand]
}

export function partials() {
  const fromZero = partial(addNumbers, kwargs({ startFrom: 0, printDone: true }))
  const sum: Promise<number> = fromZero(3)
  const other: Promise<number> = fromZero(3, kwargs({ startFrom: 2 }))
  const task: Task<number> = delayed(fromZero)(3)

  const first: string = partial(score, 'a')(1, { unit: 'm', digits: 2 })
  const both: string = partial(score, 'a', 1)({ unit: 'm', digits: 2 })
  const all: string = partial(score, 'a', 1, { unit: 'm', digits: 2 })()
  const firstAndNamed: string = partial(score, 'a', kwargs({ unit: 'm', digits: 2 }))(1)
  const someNamed: string = partial(score, 'a', kwargs({ unit: 'm' }))(1, kwargs({ digits: 2 }))
  const nested: string = partial(partial(partial(score, kwargs({ unit: 'm', digits: 2 })), 'a'), 1)()
  const namedTwice: string = partial(partial(score, kwargs({ unit: 'm' })), 'a', kwargs({ digits: 2 }))(1)
  const namedLater: string = partial(partial(partial(score, kwargs({ unit: 'm' })), 'a'), kwargs({ digits: 2 }))(1)
  const namedAgain: string = partial(partial(score, kwargs({ unit: 'm', digits: 1 })), kwargs({ digits: 2 }))('a', 1)
  const nestedTask: Task<string> = delayed(partial(score, 'a'))(1, kwargs({ unit: 'm', digits: 2 }))
  const variadic: number = partial(Math.max, 1, 2)(3, 4)
  const parts: readonly unknown[] = fromZero.args
  return {
    sum,
    other,
    task,
    first,
    both,
    all,
    firstAndNamed,
    someNamed,
    nested,
    namedTwice,
    namedLater,
    namedAgain,
    nestedTask,
    variadic,
    parts,
  }
}

export async function results() {
  const parallel = Parallel(2)
  const tuple = await parallel([delayed(addNumbers)(1), delayed(score)('a', 1, { unit: 'm', digits: 2 })])
  sure<Same<typeof tuple, [number, string]>>()
  const asConst = await parallel([delayed(addNumbers)(1), delayed(String)(1)] as const)
  sure<Same<typeof asConst, [number, string]>>()
  const list = await parallel([1, 2].map((n) => delayed(Math.sqrt)(n)))
  sure<Same<typeof list, number[]>>()
  const empty = await parallel([])
  sure<Same<typeof empty, []>>()
  const byHand = await parallel([{ fn: async () => 3 as number, args: [] }])
  sure<Same<typeof byHand, [number]>>()
  const set = await parallel(new Set([delayed(String)(1)]))
  sure<Same<typeof set, string[]>>()
  const generated = await parallel(function* () {
    yield delayed(Math.sqrt)(1)
    if (anyCase) yield delayed(String)(1)
  })
  sure<Same<typeof generated, (number | string)[]>>()
  const later = await parallel(async function* () {
    yield delayed(addNumbers)(1)
  })
  sure<Same<typeof later, number[]>>()
  const settled = await Parallel({ onError: 'settle' })([delayed(addNumbers)(1)])
  sure<Same<typeof settled, [PromiseSettledResult<number>]>>()
  const settledList = await new Parallel({ nJobs: 2, onError: 'settle' })([1].map((n) => delayed(addNumbers)(n)))
  sure<Same<typeof settledList, PromiseSettledResult<number>[]>>()
  const either = await Parallel({ onError: anyCase ? 'settle' : 'throw' })(new Set([delayed(addNumbers)(1)]))
  sure<Same<typeof either, (number | PromiseSettledResult<number>)[]>>()
}

/** A function of a user's own, generic over what it maps. */
export async function map<T, R>(fn: (item: T) => R, items: T[]): Promise<Awaited<R>[]> {
  return Parallel(2)(items.map((item) => delayed(fn)(item)))
}

export async function streams() {
  const numbers: number[] = []
  for await (const root of Parallel({ returnAs: 'generator' })([4].map((n) => delayed(Math.sqrt)(n))))
    numbers.push(root)
  const either = Parallel({ returnAs: 'generator_unordered' })([delayed(Math.sqrt)(4), delayed(String)(5)])
  sure<Same<typeof either, AsyncGenerator<number | string, void, undefined>>>()
  const settled = Parallel({ returnAs: 'generator', onError: 'settle' })(function* () {
    yield delayed(addNumbers)(1)
  })
  sure<Same<typeof settled, AsyncGenerator<PromiseSettledResult<number>, void, undefined>>>()
  const list = Parallel({ returnAs: 'list', timeout: 1000 })([delayed(Math.sqrt)(4), delayed(String)(5)])
  sure<Same<typeof list, Promise<[number, string]>>>()
  const some = Parallel({ returnAs: anyCase ? 'list' : 'generator' })([1].map((n) => delayed(Math.sqrt)(n)))
  sure<Same<typeof some, Promise<number[]> | AsyncGenerator<number, void, undefined>>>()
  await using disposed = Parallel({ returnAs: 'generator' })([delayed(Math.sqrt)(4)])
  return [numbers, either, settled, await list, some, (await disposed.return()).done]
}

export async function options(backend: ParallelBackend, signal: AbortSignal) {
  const all: ParallelOptions<'settle'> = {
    nJobs: -2,
    backend: 'threads',
    prefer: 'processes',
    require: 'sharedmem',
    returnAs: 'list',
    batchSize: 'auto',
    preDispatch: '1.5*nJobs',
    onError: 'settle',
    progress: true,
    onProgress: ({ done, total, remaining }) => void [done, total, remaining],
    name: 'all',
    idleTimeout: 1000,
    env: { ...process.env, A: '1' },
    execArgv: ['--expose-gc'],
    resourceLimits: { maxOldGenerationSizeMb: 100 },
    initializer: delayed(Math.abs)(1),
  }
  const ofCall: CallOptions = { signal, onProgress: ({ failed }) => void failed }
  const some: ParallelOptions = { nJobs: undefined, backend, preDispatch: (nJobs) => nJobs * 3 }
  const numbers: number[] = await Parallel(some)(
    [1].map((n) => delayed(Math.sqrt)(n)),
    ofCall,
  )

  using terminated = Parallel(all)
  await using closed = new Parallel()
  await closed.close()
  await terminated.terminate()
  const test: boolean = closed instanceof Parallel
  return [numbers, test]
}

export async function managed() {
  await using manager = new Manager()
  const names = manager.list(['a'])
  const some = manager.list<number>()
  sure<Same<typeof some, ManagedList<number>>>()
  const anything = manager.list([])
  sure<Same<typeof anything, ManagedList<unknown>>>()
  const first = await names.get(0)
  sure<Same<typeof first, string | undefined>>()
  const ages = manager.dict<string, number>({ ann: 3 })
  const open = manager.dict({ ann: 3 })
  sure<Same<typeof open, ManagedDict<string, number>>>()
  const paired = manager.dict([['ann', 3]])
  sure<Same<typeof paired, ManagedDict<string, number>>>()
  const numbered = manager.dict([[1, 'a']])
  sure<Same<typeof numbered, ManagedDict<number, string>>>()
  const mapped = manager.dict(new Map([[1, 'a']]))
  sure<Same<typeof mapped, ManagedDict<number, string>>>()
  const unfilled = manager.dict()
  sure<Same<typeof unfilled, ManagedDict<string, unknown>>>()
  const counts = manager.dict<number, bigint>([[1, 2n]])
  const age = await ages.get('bob')
  const other = await ages.get('bob', null)
  sure<Same<typeof age, number | undefined>>()
  sure<Same<typeof other, number | null>>()
  await ages.update(new Map([['eve', 5]]))
  const older: number = await ages.update('ann', (years = 0) => years + 1)
  const queue = manager.queue<{ n: number }>(3)
  for await (const { n } of queue) await counts.add(n, 1n)
  const value = manager.value(1)
  const sum: number = await value.add(2)
  await using _ = await manager.lock().acquire(100)
  const held = await manager.lock().withLock(async () => 5)
  sure<Same<typeof held, number>>()
  const results = await Parallel(2)([delayed((list: ManagedList<number>) => list.push(1))(some)])
  sure<Same<typeof results, [number]>>()
  return [first, older, sum]
}

export async function configuration(backend: ParallelBackend) {
  const config: ParallelConfig = { nJobs: 2, backend: 'mine', env: { A: '1' }, verbose: 5 }
  const four = parallelConfig(config, () => 4 as number)
  sure<Same<typeof four, number>>()
  const roots = parallelConfig({ backend }, async () => Parallel()([delayed(Math.sqrt)(4)]))
  sure<Same<typeof roots, Promise<[number]>>>()

  const factory: BackendFactory = ({ nJobs, env, maxWorkerMemory = 0 }) =>
    nJobs > maxWorkerMemory && env ? backend : backend
  registerParallelBackend('mine', factory, { makeDefault: anyCase })
  const named: number[] = await Parallel({ backend: 'mine' })([4].map((n) => delayed(Math.sqrt)(n)))
  return [four, await roots, named]
}

export async function pools(signal: AbortSignal) {
  await using pool = new Pool(2)
  const squares = await pool.map((n) => n * n, [1, 2])
  sure<Same<typeof squares, number[]>>()
  const awaited = await pool.map(addNumbers, new Set([1, 2]), { chunkSize: 10, signal })
  sure<Same<typeof awaited, number[]>>()
  const numbers = await pool.map(Number.parseInt, ['1', '2'])
  sure<Same<typeof numbers, number[]>>()
  const bound = await pool.map(partial(score, 'a', kwargs({ unit: 'm', digits: 2 })), [1, 2])
  sure<Same<typeof bound, string[]>>()
  const entries = await pool.map(([name, n]) => name.repeat(n), new Map([['a', 1]]))
  sure<Same<typeof entries, string[]>>()
  const generated = await pool.map(String, function* () {
    yield 1
  })
  sure<Same<typeof generated, string[]>>()
  const later = await pool.map(
    (n) => n > 1,
    (async function* () {
      yield 1
    })(),
  )
  sure<Same<typeof later, boolean[]>>()
  const settled = await pool.map(addNumbers, [1], { onError: 'settle' })
  sure<Same<typeof settled, PromiseSettledResult<number>[]>>()
  const generic = await pool.map(<T>(value: T) => [value], ['a'])
  sure<Same<typeof generic, string[][]>>()
  const readonly: readonly number[] = [1]
  const ofReadonly = await pool.map((n) => n, readonly)
  sure<Same<typeof ofReadonly, number[]>>()

  const lengths = await pool.starmap(Math.hypot, [
    [3, 4],
    [5, 12, 13],
  ])
  sure<Same<typeof lengths, number[]>>()
  const sums = await pool.starmap(
    (a: number, b: string) => a + b,
    [
      [1, 'a'],
      [2, 'b'],
    ],
  )
  sure<Same<typeof sums, string[]>>()
  const pairs: [number, string][] = [[1, 'a']]
  const fromPairs = await pool.starmap((a, b) => [b, a] as const, pairs)
  sure<Same<typeof fromPairs, (readonly [string, number])[]>>()
  const namedItems = await pool.starmap(addNumbers, [[3], [3, kwargs({ startFrom: 1 })], [3, { startFrom: 1 }]])
  sure<Same<typeof namedItems, number[]>>()

  const one = pool.imap((n) => n * 2, [1])
  sure<Same<typeof one, AsyncGenerator<number, void, undefined>>>()
  const unordered = pool.imapUnordered(addNumbers, [1], { onError: 'settle' })
  sure<Same<typeof unordered, AsyncGenerator<PromiseSettledResult<number>, void, undefined>>>()

  const applied = await pool.apply(score, ['a', 1, { unit: 'm', digits: 2 }])
  sure<Same<typeof applied, string>>()
  const byName = await pool.apply(score, ['a', 1], { unit: 'm', digits: 2 })
  sure<Same<typeof byName, string>>()
  const nothing = await pool.apply(() => 5)
  sure<Same<typeof nothing, number>>()
  const optional = await pool.apply(addNumbers, [3])
  sure<Same<typeof optional, number>>()
  const someNamed = await pool.apply(addNumbers, [3], { startFrom: 1 })
  sure<Same<typeof someNamed, number>>()

  const limited = await pool.apply(addNumbers, [3], undefined, { signal })
  sure<Same<typeof limited, number>>()

  const result = pool.applyAsync(addNumbers, [3], undefined, { callback: (sum) => sum.toFixed(), signal })
  sure<Same<typeof result, AsyncResult<number>>>()
  const resultByName = pool.applyAsync(addNumbers, [3], { startFrom: 1 }, { errorCallback: (error) => String(error) })
  sure<Same<typeof resultByName, AsyncResult<number>>>()
  const list = pool.mapAsync(addNumbers, [3], { callback: ([first]) => first?.toFixed(), chunkSize: 2 })
  sure<Same<typeof list, AsyncResult<number[]>>>()
  const settledList = pool.starmapAsync(addNumbers, [[3]], { onError: 'settle', callback: (all) => all[0]?.status })
  sure<Same<typeof settledList, AsyncResult<PromiseSettledResult<number>[]>>>()
  const got: number = await result.get(100)
  await result.wait(100)
  const state: boolean = result.ready() && result.successful()

  const options: PoolOptions = { initializer: delayed(Math.abs)(1), maxTasksPerWorker: 10, timeout: 1000, name: 'all' }
  using terminated = new Pool(undefined, options)
  void terminated.close()
  await terminated.join()
  await terminated.terminate()
  return [got, state]
}
