import { DisposedError, delayed, Manager, Parallel, shutdown, WorkerLostError } from '../../lib'
import { runProgram } from '../support/program'

describe('A worker that dies', () => {
  const manager = new Manager()
  const parallel = Parallel({ nJobs: 2, batchSize: 1, onError: 'settle' })
  afterAll(async () => {
    await manager.close()
    await shutdown()
  })

  it('frees the lock that it holds', async () => {
    const lock = manager.lock()
    const queue = manager.queue<string>()
    const [first, second] = await parallel([
      delayed(async () => {
        await lock.acquire()
        await queue.put('held')
        await lock.locked() // it has arrived
        process.exit(3)
      })(),
      delayed(async () => {
        await queue.get()
        await lock.withLock(() => queue.put('had'))
        return 'free'
      })(),
    ])
    expect(first).toMatchObject({ status: 'rejected', reason: expect.any(WorkerLostError) })
    expect(second).toMatchObject({ status: 'fulfilled', value: 'free' })
    expect(await queue.get()).toBe('had')
    expect(await lock.locked()).toBe(false)
  })

  it('leaves its place among those who wait', async () => {
    const lock = manager.lock()
    const queue = manager.queue<number>()
    const guard = await lock.acquire()
    const waiting = parallel([
      delayed(async () => {
        void lock.acquire()
        void queue.get()
        await queue.size() // they have arrived
        process.exit(3)
      })(),
    ])
    expect(await waiting).toMatchObject([{ status: 'rejected' }])
    await guard.release()
    expect(await (await lock.acquire()).release()).toBeUndefined()
    await queue.put(1)
    expect(await queue.get()).toBe(1)
  })

  it('frees a lock for others, also where it waits for that itself', async () => {
    const lock = manager.lock()
    const queue = manager.queue<string>()
    const [, second] = await parallel([
      delayed(async () => {
        await lock.acquire()
        void lock.acquire()
        void lock.acquire()
        await queue.put('held')
        process.exit(3)
      })(),
      delayed(async () => {
        await queue.get()
        return lock.withLock(() => 'had')
      })(),
    ])
    expect(second).toMatchObject({ value: 'had' })
    expect(await lock.locked()).toBe(false)
  })

  it('loses no item that was given to it and that it has not got', async () => {
    const queue = manager.queue<number>()
    const started = new Int32Array(new SharedArrayBuffer(4))
    const controller = new AbortController()
    const call = Parallel({ nJobs: 1, backend: 'threads' })(
      [
        delayed(async () => {
          void queue.get()
          await queue.size()
          // The item is on its way to a thread that does not look.
          Atomics.store(started, 0, 1)
          for (;;);
        })(),
      ],
      { signal: controller.signal },
    )
    while (Atomics.load(started, 0) === 0) await new Promise(setImmediate)
    await queue.put(7)
    await queue.put(8)
    expect(await queue.size()).toBe(1)
    controller.abort(new Error('stop'))
    await expect(call).rejects.toThrow('stop')
    expect([await queue.get(), await queue.get()].sort()).toEqual([7, 8])
  })

  it('frees no lock that it has given back, and gives no item back that it has got', async () => {
    const [lock, mark, queue, turn] = [manager.lock(), manager.lock(), manager.queue(), manager.queue(1)]
    await queue.put(7)
    const call = parallel([
      delayed(async () => {
        await lock.withLock(() => {})
        await mark.acquire()
        await queue.get()
        await turn.put('yours')
        await turn.put('mine') // waits for room
        await turn.put('the end')
        process.exit(3)
      })(),
    ])
    expect(await turn.get()).toBe('yours')
    const guard = await lock.acquire()
    expect([await turn.get(), await turn.get()]).toEqual(['mine', 'the end'])
    await call
    await mark.acquire() // so it is gone
    expect([await lock.locked(), await queue.size()]).toEqual([true, 0])
    await guard.release()
  })

  it('has done what it has asked for, in its order, and nothing by half', async () => {
    const list = manager.list<number>()
    await parallel([
      delayed(async () => {
        for (let n = 0; n < 1000; n += 1) void list.push(n, n)
        await list.length()
        for (let n = 0; n < 1000; n += 1) void list.push(n, n)
        process.exit(0)
      })(),
    ])
    const items = await list.toArray()
    expect([2000, 4000]).toContain(items.length)
    expect(items.slice(0, 2000)).toEqual(Array.from({ length: 2000 }, (_, n) => n >> 1))
  })
})

describe('After close()', () => {
  afterAll(() => shutdown())

  it('operations reject at home, those that wait too, and nothing new is made', async () => {
    const manager = new Manager()
    const list = manager.list([1])
    const waiting = manager.queue<number>().get()
    const lock = manager.lock()
    await lock.acquire()
    const second = lock.acquire()
    const rejections = [
      expect(waiting).rejects.toThrow(new DisposedError('queue.get: the Manager of this queue is closed')),
      expect(second).rejects.toBeInstanceOf(DisposedError),
    ]
    await manager.close()
    await Promise.all(rejections)
    await expect(list.length()).rejects.toThrow('list.length: the Manager of this list is closed')
    expect(() => manager.list()).toThrow(DisposedError)
    await manager.close()
  })

  it('operations reject in tasks, those that wait too', async () => {
    const manager = new Manager()
    const queue = manager.queue<number>()
    const waiting = new Int32Array(new SharedArrayBuffer(4))
    await using parallel = Parallel({ nJobs: 2, onError: 'settle' })
    const waits = delayed(async () => {
      const getting = queue.get()
      await queue.size() // the other one has arrived too
      Atomics.add(waiting, 0, 1)
      return getting
    })
    const call = parallel([waits(), waits()])
    while (Atomics.load(waiting, 0) < 2) await new Promise(setImmediate)
    await manager.close()
    for (const outcome of await call) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(DisposedError) })
      expect(outcome).toMatchObject({ reason: { message: 'queue.get: the Manager of this queue is closed' } })
    }
    const [later] = await parallel([delayed(() => queue.size())()])
    expect(later).toMatchObject({ status: 'rejected', reason: { code: 'PARFOR_DISPOSED' } })
  })

  it.each(['using', 'await using'])('with %s, it is closed at the end of the block', async (kind) => {
    let left: Manager
    if (kind === 'using') {
      using manager = new Manager()
      left = manager
    } else {
      await using manager = new Manager()
      left = manager
    }
    expect(() => left.lock()).toThrow(DisposedError)
  })
})

describe('A Manager that was made in a task', () => {
  it('is reached from everywhere until its thread has ended', async () => {
    const parallel = Parallel(2)
    const [list] = await parallel([
      delayed(async () => {
        const { Manager } = await import('parfor')
        const list = new Manager().list<number>()
        await list.append(1)
        return list
      })(),
    ])
    await list.append(2)
    await parallel([delayed(() => list.append(3))(), delayed(() => list.append(4))()])
    expect((await list.toArray()).sort()).toEqual([1, 2, 3, 4])
    const waiting = list.length()
    await waiting
    await parallel.terminate()
    await shutdown()
    await expect(list.length()).rejects.toBeInstanceOf(DisposedError)
  })
})

describe('A program', () => {
  it.each([
    ['with a manager that nobody closes', 'await list.append(1)'],
    ['with a manager that tasks have used', 'await Parallel(2)([delayed(() => list.append(1))()])'],
  ])('ends, %s', async (_, body) => {
    const { code, stdout, stderr } = await runProgram({
      'main.mjs': `
        import { delayed, Manager, Parallel } from 'parfor'
        const list = new Manager().list()
        ${body}
        console.log(await list.toArray())`,
    })
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '[ 1 ]\n', stderr: '' })
  })

  it('does not wait for what nobody will bring, as for any promise', async () => {
    const { code, stdout } = await runProgram({
      'main.mjs': `
        import { Manager } from 'parfor'
        console.log('waits')
        await new Manager().queue().get()`,
    })
    expect({ code, stdout }).toEqual({ code: 13, stdout: 'waits\n' })
  })

  it('waits for a timeout', async () => {
    const { code, stdout } = await runProgram({
      'main.mjs': `
        import { Manager } from 'parfor'
        console.log(await new Manager().queue().get(20).catch(({ name, message }) => name + ': ' + message))`,
    })
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'TimeoutError: queue.get took longer than its timeout of 20 ms\n',
    })
  })

  it('finishes tasks that wait for each other', async () => {
    const { code, stdout } = await runProgram({
      'main.mjs': `
        import { delayed, Manager, Parallel } from 'parfor'
        const queue = new Manager().queue()
        const [, got] = await Parallel({ nJobs: 2, batchSize: 1 })([
          delayed(async () => { await new Promise((resolve) => setTimeout(resolve, 50)); await queue.put(1) })(),
          delayed(() => queue.get())(),
        ])
        console.log(got)`,
    })
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1\n' })
  })
})
