// Programs that must not compile. What follows the colon is part of what the compiler says. Nothing here is run.
import {
  delayed,
  kwargs,
  Manager,
  Parallel,
  type ParallelBackend,
  Pool,
  parallelConfig,
  partial,
  registerParallelBackend,
  type Task,
  transfer,
} from 'parfor'

declare function addNumbers(end: number, options?: { startFrom?: number; printDone?: boolean }): Promise<number>
declare function score(subject: string, weight: number, options: { unit: string; digits: number }): string

declare const backend: ParallelBackend

export async function programs() {
  // @ts-expect-error: 'string' is not assignable to parameter of type 'number'
  delayed(Math.sqrt)('4')
  // @ts-expect-error: Type 'string' is not assignable to type 'number'
  delayed(addNumbers)('3')
  // @ts-expect-error: Expected 1 arguments, but got 0
  delayed(Math.sqrt)()
  // @ts-expect-error: Expected 1 arguments, but got 2
  delayed(Math.sqrt)(4, 5)
  // @ts-expect-error: is not assignable to parameter
  delayed('sqrt')
  // @ts-expect-error: is not assignable to parameter
  delayed(addNumbers)(3, kwargs({ startFrom: 'zero' }))
  // @ts-expect-error: is not assignable to parameter
  delayed(addNumbers)(3, kwargs({ strtFrom: 0 }))
  // @ts-expect-error: is not assignable to parameter
  delayed(addNumbers)(kwargs({ startFrom: 0 }))
  // @ts-expect-error: is not assignable to parameter
  delayed(score)('a', kwargs({ unit: 'm', digits: 2 }))
  // @ts-expect-error: is not assignable to parameter
  delayed(score)('a', 1, kwargs({ unit: 'm' }))
  // @ts-expect-error: is not assignable to parameter
  delayed(Math.sqrt)(kwargs({ x: 4 }))

  // @ts-expect-error: Argument of type 'number' is not assignable to parameter of type 'object'
  transfer(5)
  // @ts-expect-error: is not assignable to parameter of type 'string'
  delayed((text: string) => text)(transfer(new Float64Array(1)))

  // @ts-expect-error: No overload matches
  partial(score, 1)
  // @ts-expect-error: No overload matches
  partial(addNumbers, kwargs({ startFrom: 'zero' }))
  // @ts-expect-error: is not assignable to parameter of type 'number'
  partial(score, 'a')('b', { unit: 'm', digits: 2 })
  // @ts-expect-error: Expected 2 arguments, but got 1
  partial(score, 'a', kwargs({ unit: 'm' }))(1)
  // @ts-expect-error: is not assignable to parameter
  partial(score, 'a', kwargs({ unit: 'm' }))(1, kwargs({ digits: 'two' }))

  // @ts-expect-error: No overload matches
  await Parallel(2)([4])
  // @ts-expect-error: No overload matches
  await Parallel(2)([delayed(Math.sqrt)])
  // @ts-expect-error: No overload matches
  await Parallel(2)([Promise.resolve(4)])
  // @ts-expect-error: No overload matches
  await Parallel(2)(delayed(Math.sqrt)(4))
  // @ts-expect-error: No overload matches
  await Parallel(2)(function* () {
    yield 4
  })
  // @ts-expect-error: 'number' is not assignable to type 'string'
  const strings: string[] = await Parallel(2)([4].map((n) => delayed(Math.sqrt)(n)))
  // @ts-expect-error: is not assignable to type 'number
  const numbers: number[] = await Parallel({ onError: 'settle' })([delayed(Math.sqrt)(4)])
  // @ts-expect-error: 'string' is not assignable to type 'number'
  const task: Task<number> = delayed(String)(4)

  // @ts-expect-error: 'n_jobs' does not exist
  Parallel({ n_jobs: 2 })
  // @ts-expect-error: is not assignable to parameter
  Parallel('2')
  // @ts-expect-error: Type 'number' is not assignable to type
  Parallel({ backend: 5 })
  // @ts-expect-error: 'returnAs' does not exist
  parallelConfig({ returnAs: 'generator' }, () => {})
  // @ts-expect-error: 'n_jobs' does not exist
  parallelConfig({ n_jobs: 2 }, () => {})
  // @ts-expect-error: Expected 2 arguments, but got 1
  parallelConfig({ nJobs: 2 })
  // @ts-expect-error: Type 'number' is not assignable to type 'string'
  const text: string = parallelConfig({ nJobs: 2 }, () => 4)
  // @ts-expect-error: is missing the following properties from type 'ParallelBackend'
  registerParallelBackend('mine', () => ({ name: 'mine' }))
  // @ts-expect-error: Type 'Promise<ParallelBackend>' is missing
  registerParallelBackend('mine', async () => backend)
  // @ts-expect-error: 'makedefault' does not exist
  registerParallelBackend('mine', () => backend, { makedefault: true })
  // @ts-expect-error: '"iterator"' is not assignable
  Parallel({ returnAs: 'iterator' })
  // @ts-expect-error: 'AsyncGenerator<number, void, undefined>' is missing
  const list: number[] = await Parallel({ returnAs: 'generator' })([delayed(Math.sqrt)(4)])
  // @ts-expect-error: 'number' is not assignable to parameter of type 'string'
  for await (const each of Parallel({ returnAs: 'generator' })([delayed(Math.sqrt)(4)])) strings.push(each)
  // @ts-expect-error: '"ignore"' is not assignable
  Parallel({ onError: 'ignore' })
  // @ts-expect-error: '"2*n_jobs"' is not assignable
  Parallel({ preDispatch: '2*n_jobs' })
  // @ts-expect-error: is not assignable to type 'ParallelBackend
  Parallel({ backend: {} })
  // @ts-expect-error: 'timeOut' does not exist
  Parallel({ timeOut: 1000 })
  // @ts-expect-error: is not assignable to type 'number
  Parallel({ timeout: '1s' })
  // @ts-expect-error: No overload matches
  await Parallel(2)([delayed(Math.sqrt)(4)], { singal: AbortSignal.abort() })
  return [strings, numbers, task, list, text]
}

export async function pools(pool: Pool) {
  // @ts-expect-error: 'string' is not assignable to type 'number'
  await pool.map(Math.sqrt, ['4'])
  // @ts-expect-error: is not assignable to parameter of type 'Items<
  await pool.map((n: number) => n, 5)
  // @ts-expect-error: Target signature provides too few arguments
  await pool.map((a: number, b: number) => a + b, [[1, 2]])
  // @ts-expect-error: 'chunksize' does not exist
  await pool.map(Math.sqrt, [4], { chunksize: 2 })
  // @ts-expect-error: is not assignable to type 'string[]'
  const strings: string[] = await pool.map(Math.sqrt, [4])
  // @ts-expect-error: 'string' is not assignable to type 'number'
  await pool.starmap(Math.pow, [[2, '3']])
  // @ts-expect-error: Type 'number' is not assignable
  await pool.starmap(Math.pow, [2])
  // @ts-expect-error: is not assignable to parameter
  await pool.apply(Math.sqrt, 4)
  // @ts-expect-error: is not assignable to
  await pool.apply(Math.sqrt, ['4'])
  // @ts-expect-error: Expected
  await pool.apply(Math.sqrt)
  // @ts-expect-error: is not assignable to
  await pool.apply(addNumbers, [3], { strtFrom: 1 })
  // @ts-expect-error: 'AsyncResult<number>' is not assignable to type 'number'
  const sum: number = await pool.applyAsync(addNumbers, [3])
  // @ts-expect-error: Property 'length' does not exist
  pool.applyAsync(addNumbers, [3], undefined, { callback: (sum) => sum.length })
  // @ts-expect-error: is not assignable to parameter of type 'number'
  await pool.mapAsync(Math.sqrt, [4]).get('1s')
  // @ts-expect-error: 'nJobs' does not exist
  new Pool(2, { nJobs: 2 })
  // @ts-expect-error: is not assignable to parameter of type 'number
  new Pool({ timeout: 1000 })
  return [strings, sum]
}

export async function managed() {
  const manager = new Manager()
  // @ts-expect-error: 'number' is not assignable to parameter of type 'string'
  await manager.list(['a']).append(5)
  // @ts-expect-error: 'string' is not assignable to parameter of type 'number'
  await manager.dict<string, number>().set('a', 'b')
  // @ts-expect-error: is not assignable to parameter of type 'string'
  await manager.dict<string, number>().set({}, 1)
  // @ts-expect-error: does not satisfy the constraint 'ManagedKey'
  manager.dict<object, number>()
  // @ts-expect-error: Property 'length' is missing
  const size: { length: number } = manager.dict()
  // @ts-expect-error: is not assignable to parameter of type
  await manager.value('a').add('b')
  // @ts-expect-error: 'string' is not assignable to parameter of type 'number'
  await manager.queue().get('1s')
  // @ts-expect-error: Expected 0 arguments, but got 1
  return [new Manager({ nJobs: 2 }), size]
}
