import { delayed, Parallel, type ParallelOptions, TaskTimeoutError } from '../../lib'
import { settled } from '../support/manual-backend'
import { makeFolder, removeFolder } from '../support/program'
import { add, counters, reached } from './counters'
import { all, generators, inOrder, kinds, type Results } from './outcomes'
import { identities, identity, range, stuck } from './tasks'

/*
 * What joblib 1.6.0 gets wrong, and parfor must not. Each of these came and went with the timing there, so that they are
 * run many times: PARFOR_REPEAT=50 npx jest spec/parallel/joblib-defects.spec.ts
 */
const runs = Array.from({ length: Number(process.env.PARFOR_REPEAT ?? 1) }, (_, n) => n + 1)

const sizes = [1, 2, 'auto'] as const

describe.each(runs)('In run %i', () => {
  describe('a Parallel gives a call its own results, and nothing of the call before it', () => {
    const unlucky = delayed((n: number) => {
      if (n === 102) throw new RangeError('unlucky')
      return n
    })
    /** There is always more taken than was run. */
    const endless = (task: typeof identity, taken: number[]) =>
      function* () {
        for (let n = 100; ; n += 1) {
          taken.push(n)
          yield task(n)
        }
      }
    const own = range(7)

    it.each(kinds.flatMap((returnAs) => sizes.map((batchSize) => ({ returnAs, batchSize }))))(
      'after a caught error: $returnAs, batchSize $batchSize',
      async ({ returnAs, batchSize }) => {
        await using parallel = Parallel({ nJobs: 2, returnAs, batchSize })
        const taken: number[] = []
        await expect(all(parallel(endless(unlucky, taken)))).rejects.toThrow(new RangeError('unlucky'))
        expect(taken.length).toBeGreaterThan(3)
        for (const _ of [1, 2]) {
          const results = await all(parallel(own.map((n) => identity(n))))
          expect(inOrder(results, returnAs)).toEqual(own)
        }
      },
    )

    it.each(generators.flatMap((returnAs) => sizes.map((batchSize) => ({ returnAs, batchSize }))))(
      'after an early break: $returnAs, batchSize $batchSize',
      async ({ returnAs, batchSize }) => {
        await using parallel = Parallel({ nJobs: 2, returnAs, batchSize })
        const taken: number[] = []
        const first: number[] = []
        for await (const result of parallel(endless(identity, taken))) {
          first.push(result)
          break
        }
        expect(taken.length).toBeGreaterThan(1)
        expect(first).toEqual([expect.any(Number)])
        for (const _ of [1, 2]) {
          const results = await all(parallel(own.map((n) => identity(n))))
          expect(inOrder(results, returnAs)).toEqual(own)
        }
      },
    )
  })

  describe('two live generators do not wait for each other', () => {
    const asked = (results: Results<number>) => Promise.all(range(25).map(() => results.next()))
    const valuesOf = (steps: IteratorResult<number, void>[]) =>
      steps.flatMap(({ value }) => (value === undefined ? [] : [value]))

    /** Each takes all that there is of both. */
    const orders: Record<string, (a: Results<number>, b: Results<number>) => Promise<[number[], number[]]>> = {
      'the first one first': async (a, b) => [await all(a), await all(b)],
      'the second one first': async (a, b) => {
        const ofB = await all(b)
        return [await all(a), ofB]
      },
      'in turns': async (a, b) => {
        const [ofA, ofB]: [number[], number[]] = [[], []]
        for await (const one of a) {
          ofA.push(one)
          const { value } = await b.next()
          if (value !== undefined) ofB.push(value)
        }
        return [ofA, [...ofB, ...(await all(b))]]
      },
      'one within the other': async (a, b) => {
        const ofA: number[] = []
        let ofB: number[] = []
        for await (const one of a) {
          if (ofA.push(one) === 3) ofB = await all(b)
        }
        return [ofA, ofB]
      },
      'all asked for at once': async (a, b) => {
        const [ofA, ofB] = await Promise.all([asked(a), asked(b)])
        return [valuesOf(ofA), valuesOf(ofB)]
      },
    }
    const [evens, odds] = [range(20).map((n) => 2 * n), range(20).map((n) => 2 * n + 1)]

    it.each(Object.keys(orders))('of one Parallel, consumed %s', async (order) => {
      await using parallel = Parallel({ nJobs: 2, batchSize: 1, returnAs: 'generator' })
      const a = parallel(evens.map((n) => identity(n)))
      const b = parallel(odds.map((n) => identity(n)))
      expect(await orders[order]?.(a, b)).toEqual([evens, odds])
    })

    it.each(Object.keys(orders))('of two Parallels that want other workers, consumed %s', async (order) => {
      await using first = Parallel({ nJobs: 2, returnAs: 'generator', env: { ONE: '1' } })
      const a = first(evens.map((n) => identity(n)))
      const { value } = await a.next()
      await using second = Parallel({ nJobs: 1, backend: 'threads', returnAs: 'generator', env: { ONE: '2' } })
      const b = second(odds.map((n) => identity(n)))
      const [ofA, ofB] = (await orders[order]?.(a, b)) ?? []
      expect([[value, ...(ofA ?? [])], ofB]).toEqual([evens, odds])
    })
  })

  describe('a consumer that sits on the first result of a generator stops the input', () => {
    it.each(
      generators.flatMap((returnAs) => [
        // Four batches, and one more when the first is consumed: with its last result.
        { returnAs, batchSize: 1, least: 5, most: 5 },
        { returnAs, batchSize: 3, least: 12, most: 12 },
        // Four single tasks, and then at most four at once.
        { returnAs, batchSize: 'auto' as const, least: 5, most: 8 },
      ]),
    )('at the window: $returnAs, batchSize $batchSize', async ({ returnAs, batchSize, least, most }) => {
      await using parallel = Parallel({ nJobs: 2, returnAs, batchSize })
      const ran = counters()
      const task = delayed(() => add(ran))
      let taken = 0
      const results = parallel(function* () {
        for (;;) {
          taken += 1
          yield task()
        }
      })
      await results.next()
      await reached(ran, 0, least)
      // What else there is to come would have come by then: workers tell of one batch after the other.
      do {
        await all(parallel(identities(12)))
        await settled()
      } while (Atomics.load(ran, 0) < taken)
      expect(taken).toBeGreaterThanOrEqual(least)
      expect(taken).toBeLessThanOrEqual(most)
      await results.return(undefined)
    })
  })

  describe('a timeout is that of one task, from when it starts', () => {
    /** Blocks for some milliseconds, and tells how many it were; or until it is let go, and then there is nothing to tell. */
    const pause = delayed((milliseconds: number, letGo: Int32Array) => {
      const began = performance.now()
      return Atomics.wait(letGo, 0, 0, milliseconds) === 'timed-out' ? performance.now() - began : undefined
    })

    it('though a slow batch is before it', async () => {
      const letGo = counters()
      await using parallel = Parallel({
        nJobs: 2,
        batchSize: 200,
        timeout: 150,
        onError: 'settle',
        onProgress: ({ failed }) => {
          if (failed === 1) add(letGo)
        },
      })
      // Two seconds, if nothing ends that.
      const head = range(200).map(() => pause(10, letGo))
      const results = await parallel([...head, stuck()])
      expect(results.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []))).toEqual([200])
      expect(results[200]).toMatchObject({ reason: { code: 'PARFOR_TIMEOUT', taskIndex: 200, timeout: 150 } })
      expect(results[199]).toEqual({ status: 'fulfilled', value: undefined })
    })

    it.each(generators)('though nobody asks for its result: %s', async (returnAs) => {
      let tell = () => {}
      const failed = new Promise<void>((resolve) => {
        tell = resolve
      })
      await using parallel = Parallel({ nJobs: 2, returnAs, timeout: 100, onProgress: (now) => now.failed && tell() })
      const sits = counters()
      const results = parallel(async function* () {
        yield identity(1)
        await reached(sits)
        yield stuck()
      })
      expect(await results.next()).toEqual({ value: 1, done: false })
      add(sits)
      await failed
      await expect(results.next()).rejects.toBeInstanceOf(TaskTimeoutError)
    })

    it.each([1, 10])('and not that of all that are sent with it, or before it: batchSize %i', async (batchSize) => {
      await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize, timeout: 120 })
      const letGo = counters()
      const times = await parallel(range(10).map(() => pause(15, letGo)))
      expect(times.reduce<number>((sum, time = 0) => sum + time, 0)).toBeGreaterThan(120)
    })

    it('and not that of the start of its worker', async () => {
      const folder = await makeFolder({
        'slow.cjs': `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120)`,
      })
      const options: ParallelOptions = { nJobs: 1, backend: 'threads', execArgv: ['--require', `${folder}/slow.cjs`] }
      await using parallel = Parallel({ ...options, timeout: 100 })
      const began = performance.now()
      expect(await parallel(identities(3))).toEqual([0, 1, 2])
      expect(performance.now() - began).toBeGreaterThan(100)
      await removeFolder(folder)
    })

    it('and not that of the initializer of its worker', async () => {
      const initializer = pause(120, counters())
      await using parallel = Parallel({ nJobs: 1, backend: 'threads', timeout: 100, initializer })
      const began = performance.now()
      expect(await parallel(identities(3))).toEqual([0, 1, 2])
      expect(performance.now() - began).toBeGreaterThan(100)
    })
  })

  describe('a task has arguments of its own, whatever travels with it', () => {
    const grow = delayed((list: number[], { nested }: { nested: number[] }) => [list.push(1), nested.push(1)])

    it.each([1, 3, 7, 1000, 'auto'] as const)('batchSize %s', async (batchSize) => {
      await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize })
      const list = [0]
      const holder = { nested: list }
      const results = await parallel(range(300).map(() => grow(list, holder)))
      // One array that it is given twice is one array in the task, too.
      expect(results).toEqual(range(300).map(() => [2, 3]))
      expect(list).toEqual([0])
    })
  })
})
