import { FairQueue } from '../../lib/backends/fair-queue'

/** Takes everything out, one at a time, as long as there is something. */
function drain(queue: FairQueue<string, string>): string[] {
  const all: string[] = []
  for (let item = queue.next(); item !== undefined; item = queue.next()) all.push(item)
  return all
}

describe('A fair queue', () => {
  it('gives what one owner has in the order it came', () => {
    const queue = new FairQueue<string, string>()
    queue.add('a', ['a1', 'a2'])
    queue.add('a', ['a3'])
    expect(queue.size).toBe(3)
    expect(drain(queue)).toEqual(['a1', 'a2', 'a3'])
    expect(queue.size).toBe(0)
  })

  it('gives first what is put at the front', () => {
    const queue = new FairQueue<string, string>()
    queue.add('a', ['a3'])
    queue.add('a', ['a1', 'a2'], { atFront: true })
    expect(drain(queue)).toEqual(['a1', 'a2', 'a3'])
  })

  it('lets owners take turns', () => {
    const queue = new FairQueue<string, string>()
    queue.add('a', ['a1', 'a2', 'a3'])
    queue.add('b', ['b1', 'b2'])
    queue.add('c', ['c1'])
    expect(drain(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  })

  it('gives to the owner that has the least running', () => {
    const queue = new FairQueue<string, string>()
    queue.add('a', ['a1', 'a2', 'a3', 'a4'])
    queue.next()
    queue.next()
    queue.add('b', ['b1', 'b2', 'b3'])
    expect([queue.next(), queue.next()]).toEqual(['b1', 'b2'])
    queue.done('a')
    expect(queue.next()).toBe('a3')
  })

  it('favours nobody for having been there first', () => {
    const queue = new FairQueue<string, string>()
    const served: string[] = []
    for (let n = 0; n < 6; n += 1) {
      queue.add('a', ['a'])
      queue.add('b', ['b'])
      const next = queue.next() as string
      served.push(next)
      queue.done(next)
    }
    expect(served).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
  })

  it('does not let one wait for ever behind others that are new each time', () => {
    const queue = new FairQueue<string, string>()
    queue.add('long', ['long 1', 'long 2', 'long 3'])
    const served: string[] = []
    for (let n = 0; n < 6; n += 1) {
      queue.add(`short ${n}`, [`short ${n}`])
      queue.add(`brief ${n}`, [`brief ${n}`])
      const next = queue.next() as string
      served.push(next)
      queue.done(next.startsWith('long') ? 'long' : next)
    }
    expect(served.filter((one) => one.startsWith('long')).length).toBeGreaterThan(1)
  })

  it('gives out what is no longer wanted to nobody', () => {
    const queue = new FairQueue<string, string>()
    queue.add('a', ['a1', 'a2'])
    queue.add('b', ['b1', 'b2'])
    expect(queue.remove((item) => item === 'a1' || item === 'b1')).toEqual(['a1', 'b1'])
    expect(queue.size).toBe(2)
    expect(drain(queue)).toEqual(['a2', 'b2'])
  })
})
