import { SequentialBackend } from '../../../lib/backends/sequential/sequential-backend'
import { currentNested } from '../../../lib/config/nested'
import { delayed } from '../../../lib/task/delayed'
import type { Call, Task } from '../../../lib/task/task'
import { settled } from '../../support/manual-backend'
import { describeBackend } from '../conformance'

describe('SequentialBackend', () => {
  describeBackend(() => new SequentialBackend())

  const { signal } = new AbortController()
  const newCall = (): Call => ({ nested: { level: 3 } })

  it('runs tasks in the memory of the caller', async () => {
    const list: number[] = []
    const results: unknown[] = []
    const batch = { call: newCall(), start: 0, tasks: [delayed((to: number[]) => to.push(1) && to)(list)] }
    await new SequentialBackend().submit(
      batch,
      (_, outcome) => results.push(outcome.status === 'fulfilled' && outcome.value),
      signal,
    )
    expect(results[0]).toBe(list)
    expect(list).toEqual([1])
  })

  it('runs one task of a call at a time, in order, over several batches', async () => {
    const backend = new SequentialBackend()
    const log: string[] = []
    const step = delayed(async (name: string) => {
      log.push(`${name} begins`)
      await settled()
      log.push(`${name} ends`)
    })
    const call = newCall()
    const submit = (start: number, ...tasks: Task[]) => backend.submit({ call, start, tasks }, () => {}, signal)
    await Promise.all([submit(0, step('a'), step('b')), submit(2, step('c'))])
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  it('starts a batch within submit, unless one that waits is before it', async () => {
    const backend = new SequentialBackend()
    const call = newCall()
    const log: string[] = []
    const now = delayed((name: string) => log.push(name))
    const later = delayed(async (name: string) => {
      await settled()
      log.push(name)
    })
    const submit = (start: number, task: Task) => {
      const done = backend.submit({ call, start, tasks: [task] }, () => {}, signal)
      log.push('submitted')
      return done
    }
    await Promise.all([submit(0, now('a')), submit(1, now('b'))])
    await Promise.all([submit(2, later('c')), submit(3, now('d'))])
    await submit(4, now('e'))
    expect(log).toEqual([
      ...['a', 'submitted', 'b', 'submitted'],
      ...['submitted', 'submitted', 'c', 'd'],
      ...['e', 'submitted'],
    ])
  })

  it('reports nothing of a task that ends after the abort', async () => {
    const controller = new AbortController()
    let end = () => {}
    const task = delayed(() => new Promise<void>((resolve) => (end = resolve)))()
    const reported = jest.fn()
    const done = new SequentialBackend().submit(
      { call: newCall(), start: 0, tasks: [task] },
      reported,
      controller.signal,
    )
    controller.abort()
    await done
    end()
    await settled()
    expect(reported).not.toHaveBeenCalled()
  })

  it('does not let a task wait for itself, when it makes a call of its own', async () => {
    const backend = new SequentialBackend()
    const inner = () =>
      backend.submit({ call: newCall(), start: 0, tasks: [delayed(async () => {})()] }, () => {}, signal)
    const values: unknown[] = []
    await backend.submit({ call: newCall(), start: 0, tasks: [delayed(inner)()] }, (_, o) => values.push(o), signal)
    expect(values).toMatchObject([{ status: 'fulfilled' }])
  })

  it('lets timers and I/O have their turn during a long row of tasks', async () => {
    let turns = 0
    const count = setInterval(() => (turns += 1), 1)
    const busy = delayed(() => {
      for (const end = performance.now() + 4; performance.now() < end; );
    })
    const tasks = Array.from({ length: 20 }, () => busy())
    await new SequentialBackend().submit({ call: newCall(), start: 0, tasks }, () => {}, signal)
    clearInterval(count)
    expect(turns).toBeGreaterThanOrEqual(4)
  })

  it('tells a task which call it runs in, across awaits, and nobody else', async () => {
    const seen: unknown[] = []
    const look = delayed(async () => {
      seen.push(currentNested())
      await settled()
      seen.push(currentNested())
    })
    const batch = { call: newCall(), start: 0, tasks: [look()] }
    await new SequentialBackend().submit(batch, () => seen.push(currentNested()), signal)
    expect(seen).toEqual([{ level: 3 }, { level: 3 }, undefined])
    expect(currentNested()).toBeUndefined()
  })

  describe('runs one task, here and now,', () => {
    const fulfilled = (value: unknown) => ({ status: 'fulfilled', value })

    it('and gives its outcome: a promise only when there is something to be waited for', async () => {
      const backend = new SequentialBackend()
      const error = new RangeError('no')
      const fail = () => {
        throw error
      }
      const run = (fn: () => unknown) => backend.runHere(newCall(), 0, delayed(fn)(), signal)
      expect(run(() => 1)).toEqual(fulfilled(1))
      expect(run(fail)).toEqual({ status: 'rejected', reason: error })
      const waiting = [run(async () => 2), run(() => Promise.reject(error))]
      expect(waiting).toEqual([expect.any(Promise), expect.any(Promise)])
      expect(await Promise.all(waiting)).toEqual([fulfilled(2), { status: 'rejected', reason: error }])
    })

    it('and is closed when that is done, or its call is over', async () => {
      const backend = new SequentialBackend()
      const log: string[] = []
      let end = () => {}
      const task = delayed(() => new Promise<void>((resolve) => (end = resolve)))()
      void backend.runHere(newCall(), 0, task, signal)
      const closing = backend.close().then(() => log.push('closed'))
      await settled()
      log.push('ended')
      end()
      await closing
      expect(log).toEqual(['ended', 'closed'])

      const controller = new AbortController()
      void backend.runHere(newCall(), 0, task, controller.signal)
      controller.abort()
      await backend.close()
      void backend.runHere(newCall(), 0, task, signal)
      await backend.close({ force: true })
    })

    it('behind the initializer, and rejects when that fails; the next one tries again', async () => {
      const log: string[] = []
      let isBroken = true
      const initializer = delayed(() => {
        log.push('initializer')
        if (isBroken) throw new RangeError('not yet')
      })()
      const backend = new SequentialBackend(initializer)
      const task = delayed(() => log.push('task'))()
      await expect(backend.runHere(newCall(), 0, task, signal)).rejects.toMatchObject({ code: 'PARFOR_INITIALIZER' })
      isBroken = false
      await backend.runHere(newCall(), 0, task, signal)
      expect(backend.runHere(newCall(), 0, task, signal)).toEqual(fulfilled(4))
      expect(log).toEqual(['initializer', 'initializer', 'task', 'task'])
    })

    it('and ends the wait for one that takes too long, naming it', async () => {
      const call: Call = { ...newCall(), timeout: 20 }
      const task = delayed(function waits() {
        return new Promise(() => {})
      })()
      expect(await new SequentialBackend().runHere(call, 4, task, signal)).toMatchObject({
        status: 'rejected',
        reason: { code: 'PARFOR_TIMEOUT', taskIndex: 4, message: expect.stringContaining('waits') },
      })
    })

    it('and tells it which call it runs in', async () => {
      const look = delayed(async () => {
        await settled()
        return currentNested()
      })()
      expect(await new SequentialBackend().runHere(newCall(), 0, look, signal)).toEqual(fulfilled({ level: 3 }))
      expect(currentNested()).toBeUndefined()
    })
  })
})
