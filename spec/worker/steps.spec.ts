import { goThrough, type Steps } from '../../lib/worker/steps'

/** Steps that note what they are given, and wait for these. */
function* waitingFor(log: unknown[], ...waits: PromiseLike<unknown>[]): Steps {
  for (const wait of waits) {
    try {
      log.push(yield wait)
    } catch (error) {
      log.push(['caught', error])
    }
  }
  log.push('over')
}

describe('Steps', () => {
  it('that wait for nothing are gone through at once, with no promise', () => {
    const log: unknown[] = []
    expect(goThrough(waitingFor(log))).toBeUndefined()
    expect(log).toEqual(['over'])
  })

  it('go on with what they have waited for, or with the error of it', async () => {
    const log: unknown[] = []
    const over = goThrough(waitingFor(log, Promise.resolve('a'), Promise.reject('no'), Promise.resolve('b')))
    expect(log).toEqual([])
    await over
    expect(log).toEqual(['a', ['caught', 'no'], 'b', 'over'])
  })

  it('that throw reject what is waited for, whether before or behind a wait', async () => {
    function* throwing(wait: PromiseLike<unknown>): Steps {
      yield wait
      throw new RangeError('own')
    }
    await expect(goThrough(throwing(Promise.resolve()))).rejects.toThrow('own')
    await expect(goThrough(throwing(Promise.reject(new TypeError('awaited'))))).rejects.toThrow('awaited')
  })

  it('that throw before they wait for anything throw at once', () => {
    // biome-ignore lint/correctness/useYield: it does not come so far
    function* throwing(): Steps {
      throw new RangeError('own')
    }
    expect(() => goThrough(throwing())).toThrow('own')
  })
})
