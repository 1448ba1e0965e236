import { delayed, Manager, Parallel, shutdown } from '../../lib'

const WORKERS = 4
const EACH = 10_000

/** Runs a task on every one of four workers, at the same time. */
async function onAll<R>(task: (worker: number) => Promise<R>): Promise<R[]> {
  return parallel([0, 1, 2, 3].map((worker) => delayed(task)(worker)))
}

const parallel = Parallel({ nJobs: WORKERS, batchSize: 1 })
const manager = new Manager()

/** So many times, without waiting for one before the next. */
const all = Array.from({ length: EACH }, (_, n) => n)

describe('Four workers with ten thousand operations each, at once,', () => {
  afterAll(async () => {
    await manager.close()
    await shutdown()
  })

  it('lose nothing of a list, and each keeps its order', async () => {
    const list = manager.list<[worker: number, n: number]>()
    await onAll(async (worker) => {
      await Promise.all(all.map((n) => list.append([worker, n])))
    })
    const items = await list.toArray()
    expect(items).toHaveLength(WORKERS * EACH)
    for (let worker = 0; worker < WORKERS; worker += 1)
      expect(items.filter(([by]) => by === worker).map(([, n]) => n)).toEqual(all)
  })

  it('lose nothing of a dict', async () => {
    const dict = manager.dict<number, number>()
    await onAll(async (worker) => {
      await Promise.all(all.map((n) => (n % 2 ? dict.set(worker * EACH + n, n) : dict.add(-1, 1))))
    })
    expect(await dict.size()).toBe((WORKERS * EACH) / 2 + 1)
    expect(await dict.get(-1)).toBe((WORKERS * EACH) / 2)
    expect(await dict.get(3 * EACH + 77)).toBe(77)
  })

  it('lose nothing of a value', async () => {
    const value = manager.value(0)
    await onAll(async () => {
      await Promise.all(all.map((n) => (n % 2 ? value.add(1) : value.update((before) => before + 1))))
    })
    expect(await value.get()).toBe(WORKERS * EACH)
  })

  it('put each item into a queue once, and take it once', async () => {
    const queue = manager.queue<number>(100)
    const taken = await onAll(async (worker) => {
      const putting = Promise.all(all.map((n) => queue.put(worker * EACH + n)))
      const got = await Promise.all(all.map(() => queue.get()))
      await putting
      return got
    })
    expect(taken.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: WORKERS * EACH }, (_, n) => n))
  })

  it('exclude each other by a lock', async () => {
    const lock = manager.lock()
    const inside = new Int32Array(new SharedArrayBuffer(8))
    await onAll(async () => {
      await Promise.all(
        all.slice(0, EACH / 2).map(() =>
          lock.withLock(() => {
            if (Atomics.add(inside, 0, 1) !== 0) Atomics.add(inside, 1, 1)
            const count = Atomics.load(inside, 0)
            Atomics.store(inside, 0, count - 1)
          }),
        ),
      )
    })
    expect([...inside]).toEqual([0, 0])
  })
})
