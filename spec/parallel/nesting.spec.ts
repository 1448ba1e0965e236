import { currentNested } from '../../lib/config/nested'
import { delayed, effectiveNJobs, NestingError, Parallel } from '../../lib/index'
import { manualBackend, settled } from '../support/manual-backend'
import { runProgram } from '../support/program'
import { identity } from './tasks'

describe('a call inside a task', () => {
  it('runs one job, in the thread of the task', async () => {
    const inner = delayed(async () => [effectiveNJobs(), await Parallel()([delayed(currentNested)()])])
    expect(await Parallel(1)([inner()])).toEqual([[1, [{ level: 2 }]]])
    expect(currentNested()).toBeUndefined()
  })

  it('may use the Parallel that runs it', async () => {
    const parallel = Parallel(1)
    const sumOf = delayed(async (numbers: number[]) => {
      const squares = await parallel(numbers.map((n) => delayed((m: number) => m * m)(n)))
      return squares.reduce((a, b) => a + b, 0)
    })
    expect(await parallel([sumOf([1, 2]), sumOf([3, 4])])).toEqual([5, 25])
  })

  it('may be ten levels deep, and no deeper', async () => {
    const nest = async (levels: number): Promise<number> => {
      if (levels === 0) return 0
      const [below] = await Parallel(1)([delayed(nest)(levels - 1)])
      return below + 1
    }
    expect(await nest(10)).toBe(10)
    await expect(nest(11)).rejects.toThrow(NestingError)
    await expect(Parallel(1)([delayed(nest)(50)])).rejects.toThrow('deeper than 10 levels')
  })

  it('is level 1 for all that is no task: input, progress, and what follows', async () => {
    const levels: unknown[] = []
    const see = () => levels.push(currentNested())
    await Parallel({ nJobs: 1, batchSize: 1, onProgress: see })(function* () {
      for (const n of [1, 2, 3]) {
        see()
        yield delayed(async (m: number) => m)(n)
      }
    })
    see()
    expect(levels).toEqual(Array.from({ length: 7 }, () => undefined))
  })

  it('tells its backend how deep it is', async () => {
    const { backend, sent } = manualBackend()
    const call = Parallel({ nJobs: 2, backend })([identity(0)])
    await settled()
    expect(sent[0]?.batch.call.nested).toEqual({ level: 1 })
    await sent[0]?.complete([0])
    await call
  })
})

// Programs, since a worker cannot load the source of the library that specs run.
describe.each(['threads', 'sequential'])('An error of a call inside a task, on %s', (backend) => {
  const print = (body: string) =>
    runProgram({
      'main.mjs': `import { delayed, Parallel, taskInfo } from 'parfor'
        class DeepError extends RangeError {
          name = 'DeepError'
          constructor(message, depth, options) {
            super(message, options)
            this.depth = depth
          }
        }
        const inner = delayed(function inner(n) {
          if (n === 2) throw new DeepError('too deep', 2, { cause: new TypeError('no ground') })
          return n
        })
        const options = { nJobs: 2, backend: '${backend}' }
        const print = (value) => console.log(JSON.stringify(value))
        ${body}`,
    })

  it('is that of the outer call: its class, fields and cause, the stack of the inner task, the name of the outer', async () => {
    const { stdout } = await print(`
      const outer = delayed(async function outer(from) {
        return await Parallel(1)([inner(from), inner(from + 1)])
      })
      const error = await Parallel(options)([outer(5), outer(1)]).catch((error) => error)
      const { message, depth, cause } = error
      const { index, name } = taskInfo(error)
      print({ isSame: error instanceof DeepError, message, depth, cause: String(cause), index, name,
        isStackOfInner: /at inner .*main.mjs:10:/.test(error.stack) })`)
    expect(JSON.parse(stdout)).toEqual({
      ...{ isSame: true, message: 'too deep', depth: 2, cause: 'TypeError: no ground' },
      ...{ index: 1, name: 'outer', isStackOfInner: true },
    })
  })

  it('can be caught in the task, and be the cause of another', async () => {
    const { stdout } = await print(`
      const outer = delayed(async (from) => {
        try {
          return await Parallel(1)([inner(from)])
        } catch (cause) {
          throw new Error('in outer', { cause })
        }
      })
      const [good, bad] = await Parallel({ ...options, onError: 'settle' })([outer(5), outer(2)])
      const { message, cause } = bad.reason
      print([good.value, message, cause instanceof DeepError, cause.depth])`)
    expect(JSON.parse(stdout)).toEqual([[5], 'in outer', true, 2])
  })
})

describe('A call inside a task that asks for workers', () => {
  /** Prints, as JSON, what the body makes of `ran()`: the most threads that had a task at once, at any level. */
  const printed = async (body: string) => {
    const ended = await runProgram({
      'main.mjs': `import threads from 'node:worker_threads'
        import { delayed, Parallel, shared } from 'parfor'
        const isBusy = shared(Int32Array, 1000)
        const most = shared(Int32Array, 1)
        /** Runs in a thread that is busy meanwhile. */
        const busy = async (run) => {
          Atomics.add(isBusy, threads.threadId, 1)
          const now = isBusy.filter((count) => count > 0).length
          for (let before = most[0]; before < now; before = most[0]) Atomics.compareExchange(most, 0, before, now)
          try {
            return await run()
          } finally {
            Atomics.sub(isBusy, threads.threadId, 1)
          }
        }
        /** Waits, with threads to spare, until so many have met. */
        const met = shared(Int32Array, 1)
        const meet = (count) => {
          Atomics.add(met, 0, 1)
          while (Atomics.load(met, 0) < count) Atomics.wait(met, 0, Atomics.load(met, 0), 1)
          return threads.threadId
        }
        const print = (value) => console.log(JSON.stringify(value))
        ${body}`,
    })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    return JSON.parse(ended.stdout)
  }

  it('has those that the outermost call has none of its own for', async () => {
    const { outer, inner } = await printed(`
      const parallel = Parallel(4)
      const task = delayed(async () => {
        const inner = await Parallel(3)([1, 2, 3].map(() => delayed(meet)(3)))
        return { outer: threads.threadId, inner }
      })
      print((await parallel([task()]))[0])`)
    expect(new Set([outer, ...inner]).size).toBe(4)
  })

  it('runs in the thread of the task when there are none, and tells so', async () => {
    const found = await printed(`
      const task = delayed(async () => {
        const events = []
        const inner = Parallel({ nJobs: 4, onWorkerEvent: (event) => events.push(event) })
        const ids = await inner([1, 2, 3].map(() => delayed(() => threads.threadId)()))
        return { isHere: ids.every((id) => id === threads.threadId), events }
      })
      print(await Parallel({ nJobs: 2, batchSize: 1 })([task(), task()]))`)
    for (const { isHere, events } of found) {
      expect(isHere).toBe(true)
      expect(events).toEqual([
        { type: 'limited', workerId: expect.any(Number), reason: expect.stringContaining('asks for 4 workers') },
      ])
    }
  })

  it('is told to who listens outside of it, too, at every level', async () => {
    const found = await printed(`
      const told = []
      const inmost = delayed(() => Parallel({ nJobs: 2, onWorkerEvent: () => Atomics.add(counts, 0, 1) })([delayed(() => 1)()]))
      const counts = shared(Int32Array, 2)
      const middle = delayed(() => {
        const onWorkerEvent = ({ type }) => type === 'limited' && Atomics.add(counts, 1, 1)
        return Parallel({ nJobs: 2, onWorkerEvent })([inmost()])
      })
      const parallel = Parallel({ nJobs: 3, onWorkerEvent: ({ type, reason }) => type === 'limited' && told.push(reason) })
      await parallel([middle()])
      print({ told, counts: [...counts] })`)
    expect(found).toEqual({ told: [expect.stringContaining('asks for 2 workers')], counts: [1, 1] })
  })

  it.each([1, 2, 3, 4, 7])(
    'leaves the sum of all workers, at every depth, within the nJobs of the outermost call: %i',
    async (nJobs) => {
      const [most, sum] = await printed(`
        const tree = async (depth, width) => await busy(async () => {
          if (depth === 0) return 1
          const tasks = Array.from({ length: width }, (_, n) => delayed(tree)(depth - 1, n + 1))
          return (await Parallel({ nJobs: width, backend: 'threads' })(tasks)).reduce((a, b) => a + b, 0)
        })
        const sums = await Parallel({ nJobs: ${nJobs}, backend: 'threads' })([1, 2, 3, 4].map((n) => delayed(tree)(3, n)))
        print([most[0], sums.reduce((a, b) => a + b, 0)])`)
      expect(most).toBeLessThanOrEqual(nJobs)
      // Leaves of such trees: 1, 1 + 2, 1 + 2 + 3 … at each level.
      const leaves = (depth: number, width: number): number =>
        depth === 0 ? 1 : Array.from({ length: width }, (_, n) => leaves(depth - 1, n + 1)).reduce((a, b) => a + b, 0)
      expect(sum).toBe([1, 2, 3, 4].map((n) => leaves(3, n)).reduce((a, b) => a + b, 0))
    },
  )

  it('has all of them inside a call that runs in the calling thread', async () => {
    const inner = await printed(`
      const task = delayed(() => Parallel(3)([1, 2, 3].map(() => delayed(meet)(3))))
      print((await Parallel(1)([task()]))[0])`)
    expect(new Set(inner).size).toBe(3)
    expect(inner).not.toContain(0)
  })

  it('gives its workers back: tasks of the outermost call that come later have them', async () => {
    const [inner, outer] = await printed(`
      let done
      const isDone = new Promise((resolve) => { done = resolve })
      const first = delayed(() => Parallel(2)([1, 2].map(() => delayed(meet)(2))))
      const inputs = async function* () {
        yield first()
        await isDone
        Atomics.store(met, 0, 0)
        for (let n = 0; n < 4; n += 1) yield delayed(meet)(4)
      }
      const results = Parallel({ nJobs: 4, batchSize: 1, returnAs: 'generator' })(inputs())
      const inner = (await results.next()).value
      done()
      const outer = []
      for await (const id of results) outer.push(id)
      print([inner, outer])`)
    expect(new Set(inner).size).toBe(2)
    expect(new Set(outer).size).toBe(4)
  })

  it.each([
    ['is aborted', `controller.abort(new Error('enough'))`, 'Error: enough'],
    ['fails', `Atomics.store(fails, 0, 1)`, 'RangeError: no'],
    [
      'is terminated',
      `void parallel.terminate()`,
      'DisposedError: This Parallel is terminated: make another to run more tasks',
    ],
  ])('ends with the outermost call, when that %s, in a busy loop too', async (_, end, error) => {
    const { message, isStill } = await printed(`
      const counts = shared(Int32Array, 1)
      const fails = shared(Int32Array, 1)
      const loop = delayed(() => { for (;;) Atomics.add(counts, 0, 1) })
      const outer = delayed(() => Parallel(2)([loop(), loop()]))
      const fail = delayed(() => {
        while (Atomics.load(fails, 0) === 0);
        throw new RangeError('no')
      })
      const controller = new AbortController()
      const parallel = Parallel({ nJobs: 4, signal: controller.signal })
      const call = parallel([outer(), fail()]).catch((error) => String(error))
      while (Atomics.load(counts, 0) === 0) await new Promise((resolve) => setImmediate(resolve))
      ${end}
      const message = await call
      await parallel.close()
      const before = Atomics.load(counts, 0)
      await Parallel(2)([1, 2, 3].map((n) => delayed((n) => n)(n)))
      print({ message, isStill: Atomics.load(counts, 0) === before })`)
    expect({ message, isStill }).toEqual({ message: error, isStill: true })
  })

  it('loses a worker of its own without harm to the outermost call', async () => {
    const found = await printed(`
      const outer = delayed(async () => {
        const inner = Parallel({ nJobs: 2, onError: 'settle' })
        const results = await inner([delayed(() => process.exit(3))(), delayed(() => 7)()])
        return results.map(({ value, reason }) => value ?? [reason.code, reason.taskIndex, reason.exitCode])
      })
      print(await Parallel(4)([outer()]))`)
    expect(found).toEqual([[['PARFOR_WORKER_LOST', 0, 3], 7]])
  })

  it('does not take places for ever when its task is killed: the next call has them', async () => {
    const inner = await printed(`
      const parallel = Parallel({ nJobs: 3, timeout: 1000 })
      const stuck = delayed(() => Parallel(2)([delayed(() => { for (;;); })(), delayed(() => { for (;;); })()]))
      for (let n = 0; n < 3; n += 1) await parallel([stuck()]).catch(({ code }) => code)
      print((await parallel([delayed(() => Parallel(2)([1, 2].map(() => delayed(meet)(2))))()]))[0])`)
    expect(new Set(inner).size).toBe(2)
  })

  describe('gives all places back, whatever ends', () => {
    /** How many workers a call of `parallel` has before, and after the body has run. */
    const workersAround = (nJobs: number, body: string) =>
      printed(`
        const parallel = Parallel({ nJobs: ${nJobs}, onError: 'settle', batchSize: 1 })
        const all = async () => {
          Atomics.store(met, 0, 0)
          const results = await parallel(Array.from({ length: ${nJobs} }, () => delayed(meet)(${nJobs})))
          return new Set(results.map(({ value }) => value)).size
        }
        const begun = shared(Int32Array, 1)
        const begin = delayed(() => {
          Atomics.add(begun, 0, 1)
          return new Promise((resolve) => setTimeout(resolve, 2 ** 30))
        })
        const before = await all()
        ${body}
        print([before, await all()])`)

    it('the task of a call in a task in a task', async () => {
      expect(
        await workersAround(
          8,
          `const middle = delayed(() => Parallel(2)([begin(), begin()]))
           const outer = delayed(() => Parallel({ nJobs: 2, maxTasksPerWorker: 1 })([middle(), middle(), middle()]))
           const controller = new AbortController()
           const call = parallel([outer()], { signal: controller.signal }).catch(() => {})
           while (Atomics.load(begun, 0) < 2) await new Promise((resolve) => setImmediate(resolve))
           controller.abort()
           await call`,
        ),
      ).toEqual([8, 8])
    })

    it('a worker, while its own are being ended', async () => {
      expect(
        await workersAround(
          6,
          `const middle = delayed(async (fails) => {
             if (!fails) return Parallel(2)([begin(), begin()])
             while (Atomics.load(begun, 0) < 2) await new Promise((resolve) => setImmediate(resolve))
             throw new RangeError('no')
           })
           const outer = delayed(async () => {
             try {
               await Parallel(2)([middle(false), middle(true)])
             } catch {
               process.exit(7)
             }
           })
           await parallel([outer()])`,
        ),
      ).toEqual([6, 6])
    })

    it('a worker that has left the call, and what its task has left behind makes another', async () => {
      expect(
        await workersAround(
          4,
          `const leave = delayed(() => {
             const timer = setInterval(async () => {
               if (Atomics.load(begun, 0) === 0) return
               clearInterval(timer)
               await Parallel(3)([begin(), begin(), begin()])
             }, 1)
           })
           await parallel([leave()])
           Atomics.store(begun, 0, 1)
           while (Atomics.load(begun, 0) < 2) await new Promise((resolve) => setImmediate(resolve))
           await Parallel({ nJobs: 4, timeout: 100, onError: 'settle' })(
             Array.from({ length: 4 }, () => delayed(() => { for (;;); })()))`,
        ),
      ).toEqual([4, 4])
    })

    it('a call that cannot begin', async () => {
      expect(
        await workersAround(
          4,
          `const failing = delayed(async () => {
             for (let n = 0; n < 4; n += 1) {
               const preDispatch = () => { throw new RangeError('no') }
               await Parallel({ nJobs: 3, preDispatch })([begin()]).catch(() => {})
               await Parallel({ nJobs: 3 })([])
             }
             return (await Parallel(3)([1, 2, 3].map(() => delayed(meet)(3)))).length
           })
           Atomics.store(met, 0, 0)
           const [{ value }] = await parallel([failing()])
           if (value !== 3) throw new Error(value)`,
        ),
      ).toEqual([4, 4])
    })
  })

  it('inside itself, ever deeper, is a NestingError, and no flood of threads', async () => {
    const [name, most] = await printed(`
      const deeper = (level) => busy(() => Parallel(2)([delayed(deeper)(level + 1), delayed(deeper)(level + 1)]))
      const error = await Parallel(2)([delayed(deeper)(1), delayed(deeper)(1)]).catch((error) => error)
      print([error.name, most[0]])`)
    expect(name).toBe('NestingError')
    expect(most).toBeLessThanOrEqual(2)
  })

  it('shows what its workers print before its task ends', async () => {
    const { stdout } = await runProgram({
      'main.mjs': `import { delayed, Parallel } from 'parfor'
        const inner = delayed((n) => console.log('inner', n))
        const outer = delayed(async () => {
          await Parallel(2)([inner(1)])
          await Parallel(2)([inner(2)])
          console.log('outer')
        })
        await Parallel(4)([outer()])
        console.log('end')`,
    })
    expect(stdout).toBe('inner 1\ninner 2\nouter\nend\n')
  })
})
