import { delayed, Parallel, type Progress } from '../../lib/index'
import { manualBackend, settled } from '../support/manual-backend'
import { identity } from './tasks'

const failing = delayed(() => {
  throw new Error('no')
})

describe('onProgress', () => {
  it.each([1, 2, 'auto'] as const)('is told of every task, with batches of %p', async (batchSize) => {
    const told: Progress[] = []
    const onProgress = (progress: Progress) => told.push(progress)
    await Parallel({ nJobs: 1, batchSize, onProgress })([1, 2, 3, 4, 5].map((n) => identity(n)))
    expect(told.map(({ done, failed, total }) => [done, failed, total])).toEqual([1, 2, 3, 4, 5].map((n) => [n, 0, 5]))
    expect(told.at(-1)).toMatchObject({ remaining: 0 })
    expect(told.every(({ elapsed }, n) => elapsed >= (told[n - 1]?.elapsed ?? 0))).toBe(true)
  })

  it('learns the total of a generator when that has ended', async () => {
    const told: Progress[] = []
    const onProgress = (progress: Progress) => told.push(progress)
    const { backend, sent } = manualBackend()
    const call = Parallel({ nJobs: 1, backend, batchSize: 1, onProgress })(function* () {
      for (const n of [1, 2, 3]) yield identity(n)
    })
    await settled()
    for (let n = 0; n < 3; n += 1) await sent[n]?.complete([n])
    await call
    expect(told.map(({ done, total }) => [done, total])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, 3],
    ])
    expect(Object.keys(told[0] ?? {})).toEqual(['done', 'failed', 'elapsed'])
  })

  it('is told of failed tasks, and of the one that ends the call', async () => {
    const told: Progress[] = []
    const onProgress = (progress: Progress) => told.push(progress)
    await Parallel({ nJobs: 1, onError: 'settle', onProgress })([failing(), identity(1)])
    await Parallel({ nJobs: 1, onProgress })([identity(1), failing(), identity(1)]).catch(() => {})
    expect(told.map(({ done, failed }) => [done, failed])).toEqual([
      [1, 1],
      [2, 1],
      [1, 0],
      [2, 1],
    ])
  })

  it('may be given to one call, in place of that of all', async () => {
    const [ofAll, ofOne] = [jest.fn(), jest.fn()]
    const parallel = Parallel({ nJobs: 1, onProgress: ofAll })
    await parallel([identity(1)], { onProgress: ofOne })
    expect([ofAll.mock.calls.length, ofOne.mock.calls.length]).toEqual([0, 1])
    await parallel([identity(1)], {})
    expect([ofAll.mock.calls.length, ofOne.mock.calls.length]).toEqual([1, 1])
  })

  it('fails the call when it throws, and nothing hangs', async () => {
    const parallel = Parallel({
      nJobs: 1,
      onProgress: () => {
        throw new Error('no paper')
      },
    })
    await expect(parallel([identity(1), identity(2)])).rejects.toThrow('no paper')
    await expect(parallel([identity(1)], { onProgress: () => {} })).resolves.toEqual([1])
  })

  it('counts each call for itself', async () => {
    const told: number[] = []
    const parallel = Parallel({ nJobs: 1, onProgress: ({ done }) => told.push(done) })
    await parallel([identity(1), identity(2)])
    await parallel([identity(1)])
    expect(told).toEqual([1, 2, 1])
  })
})

const ways = (['list', 'generator', 'generator_unordered'] as const).flatMap((returnAs) =>
  (['sequential', 'threads'] as const).flatMap((backend) =>
    (['throw', 'settle'] as const).map((onError) => ({ returnAs, backend, onError })),
  ),
)

describe.each(ways)('onProgress: $returnAs, $backend, $onError', ({ returnAs, backend, onError }) => {
  const count = 40
  const fails = (n: number) => onError === 'settle' && n % 10 === 3

  async function toldOf(known: boolean): Promise<Progress[]> {
    const told: Progress[] = []
    const tasks = Array.from({ length: count }, (_, n) => (fails(n) ? failing() : identity(n)))
    await using parallel = Parallel({ nJobs: 2, backend, onError, returnAs, onProgress: (one) => told.push(one) })
    const given = parallel(known ? tasks : tasks.values())
    if (Symbol.asyncIterator in given) for await (const _ of given);
    else await given
    return told
  }

  it.each([true, false])('is told of each task, with a total that is known: %p', async (known) => {
    const told = await toldOf(known)
    expect(told.map(({ done }) => done)).toEqual(Array.from({ length: count }, (_, n) => n + 1))
    expect(told.map(({ failed }) => failed)).toEqual(told.map(({ failed }) => failed).sort((a, b) => a - b))
    expect(told.at(-1)?.failed).toBe(onError === 'settle' ? 4 : 0)
    expect(new Set(told.map(({ total }) => total)).has(undefined)).toBe(!known)
    if (known || backend === 'threads') expect(told.at(-1)).toMatchObject({ total: count, remaining: 0 })
  })
})
