import { DisposedError, delayed, Parallel } from '../../lib/index'
import { collectGarbage } from '../support/garbage'
import { manualBackend, settled } from '../support/manual-backend'
import { identity } from './tasks'

describe('a Parallel', () => {
  it('is made with and without new, and is a function', () => {
    for (const parallel of [Parallel(2), new Parallel({ nJobs: 2 }), Parallel()]) {
      expect(parallel).toBeInstanceOf(Parallel)
      expect(parallel).toBeInstanceOf(Function)
      expect(typeof parallel).toBe('function')
      expect(typeof parallel.bind).toBe('function')
    }
    expect(() => {}).not.toBeInstanceOf(Parallel)
  })

  it('refuses wrong options when it is made', () => {
    expect(() => Parallel(0)).toThrow(RangeError)
    expect(() => new Parallel({ batchSize: 0 })).toThrow(RangeError)
    expect(() => Parallel({ n_jobs: 2 } as never)).toThrow("Did you mean 'nJobs'?")
  })

  it('opens its backend for the first task, once for all calls, also at the same time', async () => {
    const { backend, sent, events } = manualBackend()
    const parallel = Parallel({ nJobs: 3, backend })
    expect(events).toEqual([])
    const calls = [parallel([identity(0)]), parallel([identity(1)])]
    await settled()
    for (const batch of sent) await batch.complete(batch.args)
    expect(await Promise.all(calls)).toEqual([[0], [1]])
    const later = parallel([identity(2)])
    await settled()
    await sent[2]?.complete([2])
    expect(await later).toEqual([2])
    expect(events).toEqual(['open 3'])
  })

  it('tries again to open a backend that did not open', async () => {
    let tries = 0
    const { backend, sent } = manualBackend({
      open: async () => {
        tries += 1
        if (tries === 1) throw new Error('not yet')
      },
    })
    const parallel = Parallel({ backend })
    await expect(parallel([identity(0)])).rejects.toThrow('not yet')
    const call = parallel([identity(0)])
    await settled()
    await sent[0]?.complete([5])
    expect(await call).toEqual([5])
  })

  it('keeps concurrent calls apart', async () => {
    const { backend, sent } = manualBackend()
    const parallel = Parallel({ nJobs: 2, backend })
    const [good, bad] = [parallel([identity(0), identity(1)]), parallel([identity(2), identity(3)])]
    await settled()
    const error = new Error('no')
    await sent.find(({ args }) => args[0] === 3)?.fail(error)
    await expect(bad).rejects.toBe(error)
    for (const n of [1, 0]) await sent.find(({ args }) => args[0] === n)?.complete([n])
    expect(await good).toEqual([0, 1])
  })

  describe('that is closed', () => {
    it('lets running calls finish, then closes its backend', async () => {
      const { backend, sent, events } = manualBackend()
      const parallel = Parallel({ nJobs: 1, backend, batchSize: 1 })
      const call = parallel([identity(0), identity(1), identity(2)])
      await settled()
      const closed = parallel.close()
      await settled()
      expect(events).toEqual(['open 1'])
      for (let n = 0; n < 3; n += 1) await sent[n]?.complete([n])
      await closed
      expect(await call).toEqual([0, 1, 2])
      expect(events).toEqual(['open 1', 'close'])
    })

    it('waits for a running call that fails, too', async () => {
      const { backend, sent, events } = manualBackend()
      const parallel = Parallel({ backend })
      const call = parallel([identity(0)])
      call.catch(() => {})
      await settled()
      const closed = parallel.close()
      await sent[0]?.fail(new Error('no'))
      await closed
      await expect(call).rejects.toThrow('no')
      expect(events.at(-1)).toBe('close')
    })

    it('takes no more calls', async () => {
      const parallel = Parallel({ nJobs: 1, name: 'letters' })
      await parallel.close()
      await expect(parallel([identity(0)])).rejects.toThrow(DisposedError)
      await expect(parallel([])).rejects.toThrow("Parallel 'letters' is closed")
    })

    it('is closed once, however often it is asked to', async () => {
      const { backend, sent, events } = manualBackend()
      const parallel = Parallel({ backend })
      const call = parallel([identity(0)])
      await settled()
      const closing = [parallel.close(), parallel.close()]
      await sent[0]?.complete([0])
      await Promise.all([call, ...closing, parallel.close()])
      expect(events.filter((event) => event === 'close')).toHaveLength(1)
    })

    it('is closed for all who asked when its backend is', async () => {
      let closed = () => {}
      const { backend, sent } = manualBackend({
        close: () =>
          new Promise<void>((resolve) => {
            closed = resolve
          }),
      })
      const parallel = Parallel({ backend })
      const call = parallel([identity(0)])
      await settled()
      await sent[0]?.complete([0])
      await call
      const heard: string[] = []
      const both = ['a', 'b'].map((name) => parallel.close().then(() => heard.push(name)))
      await settled()
      expect(heard).toEqual([])
      closed()
      await Promise.all(both)
      expect(heard).toEqual(['a', 'b'])
    })

    it('has nothing to close when it was never used', async () => {
      const { backend, events } = manualBackend()
      await Parallel({ backend }).close()
      await Parallel({ backend }).terminate()
      expect(events).toEqual([])
    })

    it('rejects when its backend does not close', async () => {
      const { backend, sent } = manualBackend({ close: () => Promise.reject(new Error('stuck')) })
      const parallel = Parallel({ backend })
      const call = parallel([identity(0)])
      await settled()
      await sent[0]?.complete([0])
      await call
      await expect(parallel.close()).rejects.toThrow('stuck')
    })
  })

  describe('that is terminated', () => {
    it('rejects running calls, and later ones, and forces its backend', async () => {
      const { backend, events, sent } = manualBackend()
      const parallel = Parallel({ backend })
      const calls = [parallel([identity(0)]), parallel([identity(1)])]
      await settled()
      await parallel.terminate()
      for (const call of calls) await expect(call).rejects.toThrow(DisposedError)
      await expect(parallel([identity(0)])).rejects.toThrow('This Parallel is terminated')
      expect(events.at(-1)).toBe('close with force')
      expect(sent.every(({ signal }) => signal.aborted)).toBe(true)
    })

    it('does not wait for the calls that it was closing for', async () => {
      const { backend, events } = manualBackend()
      const parallel = Parallel({ backend })
      const call = parallel([identity(0)])
      call.catch(() => {})
      await settled()
      const closed = parallel.close()
      await parallel.terminate()
      await closed
      await expect(call).rejects.toThrow(DisposedError)
      expect(events.at(-1)).toBe('close with force')
    })

    it('does not wait for a backend that is still opening', async () => {
      const { backend, events } = manualBackend({ open: () => new Promise(() => {}) })
      const parallel = Parallel({ backend })
      const call = parallel([identity(0)])
      call.catch(() => {})
      await settled()
      await parallel.terminate()
      await expect(call).rejects.toThrow(DisposedError)
      expect(events).toEqual(['close with force'])
    })

    it('rejects a call that its input ends so', async () => {
      const parallel = Parallel(1)
      const call = parallel(function* () {
        void parallel.terminate()
        yield identity(0)
      })
      await expect(call).rejects.toThrow(DisposedError)
    })
  })

  it('keeps nothing of a call that is over', async () => {
    const parallel = Parallel(1)
    const result = await parallel([delayed(() => ({ big: true }))()]).then(([value]) => new WeakRef(value))
    await collectGarbage(() => result.deref() === undefined)
    expect(result.deref()).toBeUndefined()
    await parallel.close()
  })

  it('is closed by await using, and terminated by using', async () => {
    const { backend, sent, events } = manualBackend()
    const calls: Promise<unknown>[] = []
    {
      await using parallel = Parallel({ backend, nJobs: 1 })
      calls.push(parallel([identity(0)]))
      await settled()
      void sent[0]?.complete(['a'])
    }
    expect(events).toEqual(['open 1', 'close'])
    expect(await calls[0]).toEqual(['a'])
    {
      using parallel = Parallel({ backend, nJobs: 1 })
      calls.push(parallel([identity(0)]))
      await settled()
    }
    await expect(calls[1]).rejects.toThrow(DisposedError)
    expect(events).toEqual(['open 1', 'close', 'open 1', 'close with force'])
  })

  it('leaves nothing unhandled when using cannot close its backend', async () => {
    const unhandled = jest.fn()
    process.on('unhandledRejection', unhandled)
    const { backend, sent } = manualBackend({ close: () => Promise.reject(new Error('stuck')) })
    {
      using parallel = Parallel({ backend })
      const call = parallel([identity(0)])
      await settled()
      await sent[0]?.complete([0])
      await call
    }
    await settled()
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it('runs the accumulator loop of the documentation of joblib', async () => {
    await using parallel = Parallel({ nJobs: 1 })
    let accumulator = 0
    let nIter = 0
    while (accumulator < 1000) {
      const results = await parallel(function* () {
        for (let i = 0; i < 5; i += 1) yield delayed(Math.sqrt)(accumulator + i ** 2)
      })
      accumulator += results.reduce((a, b) => a + b, 0)
      nIter += 1
    }
    expect(accumulator).toBeCloseTo(1136.597, 3)
    expect(nIter).toBe(14)
  })
})
