import type { ParallelBackend } from '../../lib/backend'
import { delayed } from '../../lib/task/delayed'
import { kwargs } from '../../lib/task/kwargs'
import { partial } from '../../lib/task/partial'
import type { Call, Outcome, Task } from '../../lib/task/task'

/** What every backend promises. The spec of each backend calls this first, then adds what is its own. */
export function describeBackend(create: () => ParallelBackend): void {
  const double = delayed((n: number) => n * 2)
  const forever = delayed(() => new Promise<never>(() => {}))
  const soon = delayed((value: string) => new Promise<string>((resolve) => setTimeout(resolve, 20, value)))

  let backend: ParallelBackend
  beforeEach(async () => {
    backend = create()
    await backend.open(2)
  })
  afterEach(() => backend.close({ force: true }))

  /** Submits a batch, and tells what is reported of it. */
  function submit(tasks: Task[], { start = 0, signal = new AbortController().signal, call = newCall() } = {}) {
    const indices: number[] = []
    const outcomes: Outcome[] = []
    const batch = { call, start, tasks }
    const onOutcome = (index: number, outcome: Outcome) => {
      indices.push(index)
      // They may come in any order.
      outcomes[index - start] = outcome
    }
    return { indices, outcomes, done: backend.submit(batch, onOutcome, signal) }
  }

  it('runs at least one batch at once', () => {
    expect(backend.effectiveNJobs(2)).toBeGreaterThanOrEqual(1)
  })

  it('reports the outcome of each task once, under its index in the call', async () => {
    const { done, indices, outcomes } = submit([double(1), double(2), double(3)], { start: 40 })
    await done
    expect(indices.sort()).toEqual([40, 41, 42])
    expect(outcomes).toEqual([fulfilled(2), fulfilled(4), fulfilled(6)])
  })

  it('tells the milliseconds that the tasks took, if it tells any', async () => {
    const report = await submit([soon('a')]).done
    expect(report === undefined || (report.duration > 15 && report.duration < 5000)).toBe(true)
  })

  it('awaits what a task promises', async () => {
    const later = delayed(async (value: string) => value)
    const { done, outcomes } = submit([later('a'), soon('b'), later('c')])
    await done
    expect(outcomes).toEqual([fulfilled('a'), fulfilled('b'), fulfilled('c')])
  })

  it('gives named arguments as one object, after the others', async () => {
    const show = (n: number, named = {}) => `${n} ${JSON.stringify(named)}`
    const { done, outcomes } = submit([delayed(show)(1, kwargs({ a: 2 })), delayed(show)(1), { fn: show, args: [3] }])
    await done
    expect(outcomes).toEqual([fulfilled('1 {"a":2}'), fulfilled('1 {}'), fulfilled('3 {}')])
  })

  it('runs partial functions', async () => {
    const show = (a: number, b: number, named: { c?: number; d?: number } = {}) => JSON.stringify([a, b, named])
    const bound = partial(partial(show, 1), kwargs({ c: 3 }))
    const { done, outcomes } = submit([delayed(bound)(2), delayed(bound)(2, kwargs({ d: 4 }))])
    await done
    expect(outcomes).toEqual([fulfilled('[1,2,{"c":3}]'), fulfilled('[1,2,{"c":3,"d":4}]')])
  })

  it('goes on with a batch after one of its tasks failed', async () => {
    const inverse = (n: number) => {
      if (n === 0) throw Object.assign(new RangeError('no inverse'), { code: 'E_ZERO', cause: { n } })
      return 1 / n
    }
    const { done, outcomes } = submit([delayed(inverse)(0), delayed(inverse)(2)])
    await done
    expect(outcomes).toMatchObject([
      { status: 'rejected', reason: { name: 'RangeError', message: 'no inverse', code: 'E_ZERO', cause: { n: 0 } } },
      fulfilled(0.5),
    ])
  })

  it('reports what is thrown as it is, when it is no error', async () => {
    const raise = delayed((value: unknown) => {
      throw value
    })
    const { done, outcomes } = submit([raise(undefined), raise('no'), raise(null)])
    await done
    expect(outcomes).toEqual([undefined, 'no', null].map((reason) => ({ status: 'rejected', reason })))
  })

  it('runs batches beyond those that it runs at once', async () => {
    const call = newCall()
    const batches = Array.from({ length: 8 }, (_, n) => submit([double(n), soon(`${n}`)], { start: n * 2, call }))
    await Promise.all(batches.map(({ done }) => done))
    expect(batches.map(({ indices }) => indices.sort())).toEqual(batches.map((_, n) => [n * 2, n * 2 + 1]))
    expect(batches.map(({ outcomes }) => outcomes)).toEqual(
      batches.map((_, n) => [fulfilled(n * 2), fulfilled(`${n}`)]),
    )
  })

  it('reports nothing of a batch once its signal has aborted, and does not wait for its task', async () => {
    const controller = new AbortController()
    const reported = deferred()
    const outcomes: Outcome[] = []
    const onOutcome = (_: number, outcome: Outcome) => {
      outcomes.push(outcome)
      reported.resolve()
    }
    const batch = { call: newCall(), start: 0, tasks: [double(1), forever(), double(3)] }
    const done = backend.submit(batch, onOutcome, controller.signal)
    await reported.promise
    controller.abort()
    await done
    expect(outcomes).toEqual([fulfilled(2)])

    const next = submit([double(4)])
    await next.done
    expect(next.outcomes).toEqual([fulfilled(8)])
    expect(outcomes).toEqual([fulfilled(2)])
  })

  it('starts nothing of a batch whose signal has aborted before', async () => {
    const { done, outcomes } = submit([double(1)], { signal: AbortSignal.abort() })
    await done
    expect(outcomes).toEqual([])
  })

  it('drops only the batches of the signal that aborts', async () => {
    const controller = new AbortController()
    const dropped = submit([forever()], { signal: controller.signal })
    const kept = submit([soon('kept')])
    controller.abort()
    await Promise.all([dropped.done, kept.done])
    expect(dropped.outcomes).toEqual([])
    expect(kept.outcomes).toEqual([fulfilled('kept')])
  })

  it('takes the end of a call that it runs nothing for', async () => {
    const call = newCall()
    await submit([double(1)], { call }).done
    backend.endCall?.(call)
    const next = submit([double(2)])
    await next.done
    expect(next.outcomes).toEqual([fulfilled(4)])
  })

  it('ends what runs of a call when that is over, if it says that it does: of no other', async () => {
    const call = newCall()
    const dropped = submit([double(1), forever()], { call })
    const kept = submit([soon('kept')])
    await kept.done
    if (!backend.endsCalls) return expect(backend).not.toHaveProperty('endsCalls', true)
    backend.endCall?.(call)
    await dropped.done
    expect([kept.outcomes, dropped.outcomes.filter(({ status }) => status === 'rejected')]).toEqual([
      [fulfilled('kept')],
      [],
    ])
  })

  it('runs tasks that it is given by columns, if it takes them so', async () => {
    if (!backend.submitRows) return expect(backend.submitRows).toBeUndefined()
    const rows = {
      fn: (n: number, text: string | null) => `${n} ${text}`,
      length: 10,
      columns: [Array.from({ length: 10 }, (_, n) => n), Array.from({ length: 10 }, (_, n) => (n === 7 ? null : 'a'))],
    }
    const outcomes: Outcome[] = []
    const onOutcome = (index: number, outcome: Outcome) => {
      outcomes[index - 40] = outcome
    }
    const batch = { call: newCall(), start: 40, rows }
    await backend.submitRows(batch, onOutcome, new AbortController().signal)
    expect(outcomes).toEqual(rows.columns[0]?.map((n) => fulfilled(n === 7 ? '7 null' : `${n} a`)))
  })

  it('waits for running batches when it is closed', async () => {
    const { done, outcomes } = submit([soon('a'), soon('b')])
    await backend.close()
    expect(outcomes).toEqual([fulfilled('a'), fulfilled('b')])
    await done
  })

  it('waits for nothing when it is closed with force', async () => {
    const { done, outcomes } = submit([forever()])
    const over = Promise.resolve(done).catch(() => {})
    await backend.close({ force: true })
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toEqual([])
    if (backend.name !== 'sequential') await over
  })
}

const fulfilled = (value: unknown): Outcome => ({ status: 'fulfilled', value })

const newCall = (): Call => ({ nested: { level: 1 } })

function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>((onResolve) => {
    resolve = onResolve
  })
  return { promise, resolve }
}
