import {
  DisposedError,
  delayed,
  Manager,
  Parallel,
  ParforError,
  SerializationError,
  shared,
  shutdown,
  TimeoutError,
} from '../../lib'

const parallel = Parallel(2)
const manager = new Manager()

describe('What a Manager makes, in a task,', () => {
  afterAll(async () => {
    await manager.close()
    await shutdown()
  })

  it('can be an argument, a captured variable, or inside of another value', async () => {
    const list = manager.list<string>()
    const task = delayed(async (given: typeof list, box: { lists: Map<string, typeof list> }) => {
      await given.append('given')
      await list.append('captured')
      await box.lists.get('it')?.append('inside')
      return given === list && box.lists.get('it') === list
    })
    expect(await parallel([task(list, { lists: new Map([['it', list]]) })])).toEqual([true])
    expect(await list.toArray()).toEqual(['given', 'captured', 'inside'])
  })

  it('comes home as what it was', async () => {
    const made = [manager.list(), manager.dict(), manager.queue(), manager.value(0), manager.lock()] as const
    const back = await parallel([delayed(() => ({ made }))()])
    for (const [n, one] of made.entries()) expect(back[0]?.made[n]).toBe(one)
  })

  it('holds arrays in shared memory as what they are', async () => {
    const arrays = manager.dict<string, Float64Array>()
    const cells = shared(new Float64Array([1, 2]))
    await parallel([0, 1].map((n) => delayed(async (own: Float64Array) => arrays.set(`${n}`, own))(cells)))
    cells[0] = 3
    const [there] = await parallel([delayed(async () => (await arrays.get('0'))?.[0])()])
    expect([there, await arrays.get('1')]).toEqual([3, new Float64Array([3, 2])])
  })

  it('can be put into another one', async () => {
    const names = manager.dict<string, unknown>()
    const queue = manager.queue<number>()
    await parallel([
      delayed(async () => {
        await names.set('queue', { queue })
        const { queue: again } = (await names.get('queue')) as { queue: typeof queue }
        await again.put(again === queue ? 1 : 0)
      })(),
    ])
    expect(await names.get('queue')).toEqual({ queue })
    expect(((await names.get('queue')) as { queue: unknown }).queue).toBe(queue)
    expect(await queue.get()).toBe(1)
  })

  it('works in calls inside of tasks, in workers of workers', async () => {
    const list = manager.list<number>()
    const outer = delayed(async (n: number) => {
      const { delayed, Parallel } = await import('parfor')
      const inner = delayed(async (m: number) => {
        await list.append(n * 10 + m)
        const { threadId } = await import('node:worker_threads')
        return threadId
      })
      return Parallel({ nJobs: 2, backend: 'threads' })([inner(1), inner(2)])
    })
    await parallel([outer(1), outer(2)])
    expect((await list.toArray()).sort()).toEqual([11, 12, 21, 22])
  })

  it('works in the calling thread', async () => {
    const value = manager.value(1)
    expect(await Parallel(1)([delayed((own: typeof value) => own.add(2))(value)])).toEqual([3])
    expect(await value.get()).toBe(3)
  })

  it('takes and gives values of every kind that a task can', async () => {
    class Point {
      constructor(
        readonly x: number,
        readonly y: number,
      ) {}
      get sum() {
        return this.x + this.y
      }
    }
    const list = manager.list<unknown>()
    const values = {
      map: new Map<unknown, unknown>([[{ a: 1 }, new Set([1n])]]),
      date: new Date(7),
      error: new RangeError('no', { cause: new TypeError('why') }),
      array: new Float64Array([1, 2, 3]),
      point: new Point(1, 2),
      double: (n: number) => n * 2,
      cycle: [] as unknown[],
    }
    values.cycle.push(values.cycle)
    await list.append(values)
    await parallel([
      delayed(async () => {
        const got = (await list.get(0)) as typeof values
        if (!(got.point instanceof Point)) throw new Error('it is of another class')
        await list.append({ ...got, point: new Point(got.point.sum, got.double(2)) })
      })(),
    ])
    const [home, back] = (await list.toArray()) as [typeof values, typeof values]
    for (const got of [home, back]) {
      expect(got.map).toEqual(values.map)
      expect(got.date).toEqual(values.date)
      expect(got.error).toBeInstanceOf(RangeError)
      expect(got.error.cause).toBeInstanceOf(TypeError)
      expect(got.array).toEqual(values.array)
      expect(got.point).toBeInstanceOf(Point)
      expect(got.double(4)).toBe(8)
      expect(got.cycle[0]).toBe(got.cycle)
    }
    expect(home.double).toBe(values.double)
    expect([home.point.sum, back.point.sum]).toEqual([3, 7])
  })

  it('frees no lock that another thread holds', async () => {
    const lock = manager.lock()
    await using _ = await lock.acquire()
    await expect(parallel([delayed(() => lock.release())()])).rejects.toThrow('somebody else holds this lock by now')
    expect(await lock.locked()).toBe(true)
  })

  it('rejects with errors whose classes hold, and whose stacks lead to the task', async () => {
    const list = manager.list<unknown>()
    const lock = manager.lock()
    const queue = manager.queue<number>()
    const empty = manager.queue<number>()
    const settle = Parallel({ nJobs: 2, onError: 'settle' })
    const outcomes = await settle([
      delayed(async () => {
        await list.set(5, 1)
      })(),
      delayed(() => list.append({ it: Promise.resolve() }))(),
      delayed(async () => {
        await lock.release()
      })(),
      delayed(() => empty.get(1))(),
      delayed(async () => {
        await queue.close()
        await queue.get()
      })(),
      delayed(() => queue.get().catch((error: unknown) => error instanceof DisposedError))(),
    ])
    await settle.close()
    const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as Error) : undefined))
    expect(reasons.map((reason) => reason?.message)).toEqual([
      'list.set: there is no place 5 in a list of 0',
      expect.stringMatching(/^list\.append: Cannot send args\[0\]\.it to a Manager: it is a promise/),
      'lock.release: nobody holds this lock',
      'queue.get took longer than its timeout of 1 ms',
      'queue.get: the queue is closed and empty',
      undefined,
    ])
    for (const [n, type] of [RangeError, SerializationError, ParforError, TimeoutError, DisposedError].entries())
      expect(reasons[n]).toBeInstanceOf(type)
    expect(reasons[3]).toMatchObject({ code: 'PARFOR_TIMEOUT', timeout: 1 })
    for (const n of [0, 2, 4]) expect(reasons[n]?.stack).toContain('in-tasks.spec.ts')
    expect(outcomes[5]).toMatchObject({ value: true })
  })
})
