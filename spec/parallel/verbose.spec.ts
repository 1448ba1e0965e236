import { Parallel } from '../../lib/index'
import { manualBackend, settled } from '../support/manual-backend'
import { identity } from './tasks'

const range = (count: number) => Array.from({ length: count }, (_, n) => identity(n))

/** What a call prints, without the times. */
async function lines(count: number, options: object, input: (count: number) => unknown = range): Promise<string[]> {
  const printed: string[] = []
  const stderr = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.push(String(text))
    return true
  })
  try {
    const { backend, sent } = manualBackend()
    const call = Parallel({ nJobs: 2, batchSize: 1, backend, ...options })(input(count) as never)
    await settled()
    for (let n = 0; n < count; n += 1) await sent[n]?.complete([n])
    await call
    return printed.map((line) => line.replace(/\s+[\d.]+(?:s|min)/g, ' T'))
  } finally {
    stderr.mockRestore()
  }
}

describe('verbose', () => {
  it.each([[{}], [{ verbose: 0 }], [{ verbose: false }]])('prints nothing for %p', async (options) => {
    expect(await lines(10, options)).toEqual([])
  })

  it("prints joblib's lines on stderr, the last one when all is done", async () => {
    expect(await lines(10, { verbose: 10 })).toEqual([
      '[Parallel(n_jobs=2)]: Using backend manual with 2 concurrent workers.\n',
      '[Parallel(n_jobs=2)]: Done  1 out of 10 | elapsed: T\n',
      '[Parallel(n_jobs=2)]: Done  4 out of 10 | elapsed: T\n',
      '[Parallel(n_jobs=2)]: Done 10 out of 10 | elapsed: T finished\n',
    ])
  })

  it('counts tasks as they come while nobody knows how many there are', async () => {
    const printed = await lines(5, { verbose: 11 }, (count) => range(count).values())
    expect(printed.slice(1, 3)).toEqual([
      '[Parallel(n_jobs=2)]: Done   1 tasks      | elapsed: T\n',
      '[Parallel(n_jobs=2)]: Done   2 tasks      | elapsed: T\n',
    ])
    expect(printed.at(-1)).toBe('[Parallel(n_jobs=2)]: Done   5 out of   5 | elapsed: T finished\n')
  })

  it('says the name of the Parallel, where it has one', async () => {
    const [first] = await lines(1, { verbose: 1, name: 'squares' })
    expect(first).toBe('[squares]: Using backend manual with 2 concurrent workers.\n')
  })

  it('has no line about workers where there are none', async () => {
    const stderr = jest.spyOn(process.stderr, 'write').mockImplementation(() => true)
    await Parallel({ nJobs: 1, verbose: 1 })(range(2))
    const printed = stderr.mock.calls.map(([text]) => String(text))
    stderr.mockRestore()
    expect(printed.at(-1)).toMatch(/^\[Parallel\(n_jobs=1\)\]: Done 2 out of 2 \| elapsed: .* finished\n$/)
    expect(printed.join('')).not.toContain('Using backend')
  })

  it('prints the last line once for a generator, too', async () => {
    const stderr = jest.spyOn(process.stderr, 'write').mockImplementation(() => true)
    for await (const _ of Parallel({ nJobs: 1, verbose: 1, returnAs: 'generator' })(range(3)));
    const printed = stderr.mock.calls.map(([text]) => String(text))
    stderr.mockRestore()
    expect(printed.filter((line) => line.includes('finished'))).toHaveLength(1)
  })
})
