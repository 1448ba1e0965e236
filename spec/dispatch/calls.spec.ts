import { getEventListeners } from 'node:events'
import { fixedBatchSize } from '../../lib/dispatch/batch-size'
import { failedStream, type RunningCall, type Shape, startCall } from '../../lib/dispatch/calls'
import { ResultStream } from '../../lib/dispatch/result-stream'
import { delayed } from '../../lib/task/delayed'
import { collectGarbage } from '../support/garbage'
import { manualBackend, settled } from '../support/manual-backend'

const identity = delayed((n: number) => n)

function* counting(log: (number | string)[] = []) {
  try {
    for (let n = 0; ; n += 1) {
      log.push(n)
      yield identity(n)
    }
  } finally {
    log.push('closed')
  }
}

function start(tasks: unknown, shape: Partial<Shape> = {}) {
  const { backend, sent } = manualBackend()
  const calls: RunningCall[] = []
  const plan = {
    ...{ backend, open: () => undefined, workers: 1, window: 2, batchSize: fixedBatchSize(1) },
    ...{ failFast: true, drains: shape.returnAs === 'generator', call: { nested: { level: 1 } } },
  }
  const whole: Shape = { returnAs: 'generator', settled: false, onCompletion: undefined, signals: [], ...shape }
  let isOver = false
  const results = startCall(tasks, plan, whole, (call) => {
    calls.push(call)
    return () => {
      isOver = true
    }
  })
  const [call] = calls as [RunningCall]
  return {
    sent,
    call,
    isOver: () => isOver,
    list: results as Promise<unknown[]>,
    stream: results as ResultStream<unknown>,
  }
}

describe.each(['list', 'generator', 'generator_unordered'] as const)('A call that gives a %s', (returnAs) => {
  const failure = ({ list, stream }: ReturnType<typeof start>) =>
    expect(returnAs === 'list' ? list : stream.next()).rejects

  it('takes tasks before anybody asks', () => {
    const log: (number | string)[] = []
    const { sent } = start(counting(log), { returnAs })
    expect([log, sent.length]).toEqual([[0, 1], 2])
  })

  it('can be stopped, which closes its input', async () => {
    const log: (number | string)[] = []
    const started = start(counting(log), { returnAs })
    started.call.stop('enough')
    await failure(started).toBe('enough')
    expect([log, started.isOver()]).toEqual([[0, 1, 'closed'], true])
    expect(started.sent.map(({ signal }) => signal.aborted)).toEqual([true, true])
  })

  it('says when it is over, also to who asks only then', async () => {
    const started = start([identity(0)], { returnAs })
    const over: string[] = []
    void started.call.over().then(() => over.push('early'))
    await settled()
    expect([over, started.isOver()]).toEqual([[], false])
    await started.sent[0]?.complete([0])
    await settled()
    expect([over, started.isOver()]).toEqual([['early'], true])
    await started.call.over()
    expect(returnAs === 'list' ? await started.list : await started.stream.next()).toMatchObject(
      returnAs === 'list' ? [0] : { value: 0 },
    )
  })

  it('ends with the reason of any of its signals, and listens no more when it is over', async () => {
    for (const which of [0, 1]) {
      const controllers = [new AbortController(), new AbortController()]
      const signals = controllers.map(({ signal }) => signal)
      const started = start(counting(), { returnAs, signals })
      controllers[which]?.abort('enough')
      await failure(started).toBe('enough')
      expect(signals.map((signal) => getEventListeners(signal, 'abort').length)).toEqual([0, 0])
    }
  })

  it('listens no more when all of it is given', async () => {
    const { signal } = new AbortController()
    const { sent, list, stream } = start([identity(0)], { returnAs, signals: [signal] })
    await sent[0]?.complete(['a'])
    if (returnAs === 'list') await list
    else await stream.next()
    await settled()
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('is over when all tasks are completed, whoever asks', async () => {
    const { sent, isOver } = start([identity(0), identity(1)], { returnAs })
    await sent[0]?.complete(['a'])
    expect(isOver()).toBe(false)
    await sent[1]?.complete(['b'])
    expect(isOver()).toBe(true)
  })
})

describe('A generator of results', () => {
  it('lets its input go on when a result is taken', async () => {
    const log: (number | string)[] = []
    const { sent, stream } = start(counting(log))
    await sent[0]?.complete(['a'])
    await sent[1]?.complete(['b'])
    expect(log).toEqual([0, 1])
    await stream.next()
    expect(log).toEqual([0, 1, 2])
  })

  it('closes its input, once, when it is left', async () => {
    const log: (number | string)[] = []
    const { sent, stream, isOver } = start(counting(log))
    await sent[0]?.complete(['a'])
    for await (const _ of stream) break
    await stream.return()
    expect(log.filter((one) => one === 'closed')).toHaveLength(1)
    expect([isOver(), sent.every(({ signal }) => signal.aborted)]).toEqual([true, true])
  })

  it('listens no more when it is forgotten, also when all is completed', async () => {
    const { signal } = new AbortController()
    const { sent } = start([identity(0)], { signals: [signal] })
    await sent[0]?.complete(['a'])
    await collectGarbage(() => getEventListeners(signal, 'abort').length === 0)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('ends with the reason of a signal also when all is completed, and not all taken', async () => {
    const controller = new AbortController()
    const { sent, stream } = start([identity(0)], { signals: [controller.signal] })
    await sent[0]?.complete(['a'])
    controller.abort('enough')
    await expect(stream.next()).rejects.toBe('enough')
  })
})

describe('A generator that is let go', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] }))
  afterEach(() => jest.useRealTimers())

  it('ends at once when nobody ever asked it, and nothing runs', async () => {
    const { sent, call, stream } = start(counting())
    for (const n of [0, 1]) await sent[n]?.complete([n])
    call.letGo('let go')
    await settled()
    await expect(stream.next()).rejects.toBe('let go')
  })

  it('goes on when somebody begins to ask in the same turn', async () => {
    const { sent, call, stream, isOver } = start(counting())
    for (const n of [0, 1]) await sent[n]?.complete([n])
    call.letGo('let go')
    const next = stream.next()
    await settled()
    expect([await next, isOver()]).toEqual([{ value: 0, done: false }, false])
    call.stop('enough')
  })

  it('ends when what runs is done, and nobody has asked', async () => {
    const { sent, call, isOver } = start(counting())
    call.letGo('let go')
    jest.advanceTimersByTime(60_000)
    await settled()
    expect(isOver()).toBe(false)
    for (const n of [0, 1]) await sent[n]?.complete([n])
    jest.advanceTimersByTime(20)
    await settled()
    expect(isOver()).toBe(true)
  })

  it('waits half a second for an input that may have more, when nobody asks', async () => {
    const { sent, call, isOver } = start(async function* () {
      yield identity(0)
      await new Promise(() => {})
    })
    await settled()
    await sent[0]?.complete([0])
    call.letGo('let go')
    await settled()
    jest.advanceTimersByTime(440)
    await settled()
    expect(isOver()).toBe(false)
    jest.advanceTimersByTime(60)
    await settled()
    expect(isOver()).toBe(true)
  })

  it('goes on as long as somebody asks, and ends half a second after that', async () => {
    const { sent, call, stream, isOver } = start(counting())
    call.letGo('let go')
    for (let n = 0; n < 10; n += 1) {
      const next = stream.next()
      await sent[n]?.complete([n])
      expect(await next).toEqual({ value: n, done: false })
      jest.advanceTimersByTime(400)
    }
    await sent[10]?.complete([10])
    await sent[11]?.complete([11])
    jest.advanceTimersByTime(480)
    await settled()
    expect(isOver()).toBe(false)
    jest.advanceTimersByTime(100)
    await settled()
    expect(isOver()).toBe(true)
    await expect(stream.next()).rejects.toBe('let go')
  })

  it('finishes by itself when all its tasks are taken, and keeps its results', async () => {
    const { sent, call, stream, isOver } = start([identity(0), identity(1)])
    call.letGo('let go')
    for (const n of [0, 1]) await sent[n]?.complete([n])
    jest.advanceTimersByTime(60_000)
    expect(isOver()).toBe(true)
    expect(await stream.next()).toEqual({ value: 0, done: false })
    expect(await stream.next()).toEqual({ value: 1, done: false })
    expect(await stream.next()).toEqual({ value: undefined, done: true })
  })

  it('leaves no timer behind', async () => {
    const { sent, call } = start([identity(0)])
    call.letGo('let go')
    await sent[0]?.complete([0])
    jest.advanceTimersByTime(20)
    expect(jest.getTimerCount()).toBe(0)
  })
})

describe('A stream whose call could not begin', () => {
  it('says so when it is asked, and not before', async () => {
    const stream = failedStream(new RangeError('no'))
    await settled()
    expect(stream).toBeInstanceOf(ResultStream)
    await expect(stream.next()).rejects.toThrow('no')
    expect(await stream.next()).toEqual({ value: undefined, done: true })
  })
})
