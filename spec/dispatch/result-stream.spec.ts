import { ResultStream } from '../../lib/dispatch/result-stream'
import { type StreamOfResults, streamResults } from '../../lib/dispatch/results'
import { collectGarbage } from '../support/garbage'

const place = { consumed: () => {} }

function stream() {
  const stop = jest.fn()
  const results = streamResults({ ordered: true, settled: false, onOver: () => {} })
  const complete = (...values: unknown[]) => {
    for (const [index, value] of values.entries())
      results.completed(index, { status: 'fulfilled', value }, undefined, place)
  }
  return { results, complete, stop, generator: new ResultStream<unknown>(results, stop) }
}

/** Makes a stream, uses it, and forgets it. */
function forgotten(results: StreamOfResults, stop: () => void, use: (stream: ResultStream<unknown>) => void) {
  use(new ResultStream(results, stop))
}

describe('A stream of results', () => {
  it('is an async generator, as far as anybody can see', () => {
    const { generator } = stream()
    async function* generate() {}
    const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(generate.prototype))
    expect(generator[Symbol.asyncIterator]()).toBe(generator)
    expect(Object.prototype.toString.call(generator)).toBe('[object AsyncGenerator]')
    expect(Object.getPrototypeOf(ResultStream.prototype)).toBe(AsyncIteratorPrototype)
  })

  it('gives its results to for await', async () => {
    const { generator, complete, results, stop } = stream()
    complete('a', 'b')
    results.ended()
    const all: unknown[] = []
    for await (const value of generator) all.push(value)
    expect([all, stop.mock.calls.length]).toEqual([['a', 'b'], 0])
  })

  it('ends its call when the loop is left', async () => {
    const { generator, complete, stop } = stream()
    complete('a', 'b')
    for await (const _ of generator) break
    expect(stop).toHaveBeenCalledTimes(1)
    expect(await generator.next()).toEqual({ value: undefined, done: true })
  })

  it.each<[string, (generator: ResultStream<unknown>) => Promise<unknown>, unknown]>([
    ['return()', (generator) => generator.return(Promise.resolve(5)), { value: 5, done: true }],
    ['disposal', (generator) => generator[Symbol.asyncDispose](), undefined],
    ['throw()', (generator) => generator.throw('why').catch((error) => error), 'why'],
  ])('ends its call by %s', async (_, end, given) => {
    const { generator, complete, stop } = stream()
    const waiting = generator.next()
    const ended = end(generator)
    expect(stop).toHaveBeenCalledTimes(1)
    complete('a')
    expect(await ended).toEqual(given)
    expect(await waiting).toEqual({ value: undefined, done: true })
  })

  it('ends its call when it is forgotten', async () => {
    const { results } = stream()
    const stop = jest.fn()
    forgotten(results, stop, () => {})
    await collectGarbage(() => stop.mock.calls.length > 0)
    expect(stop).toHaveBeenCalledTimes(1)
  })

  it('is not forgotten as long as somebody waits for a result', async () => {
    const { results, complete } = stream()
    const stop = jest.fn()
    const given: unknown[] = []
    forgotten(results, stop, (one) => void one.next().then((result) => given.push(result.value)))
    await collectGarbage(() => stop.mock.calls.length > 0)
    expect(stop).not.toHaveBeenCalled()
    complete('a')
    await collectGarbage(() => stop.mock.calls.length > 0)
    expect([given, stop.mock.calls.length]).toEqual([['a'], 1])
  })
})
