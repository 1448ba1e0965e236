import { FairQueue } from '../../lib/backends/fair-queue'
import { choices } from '../support/choices'

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

  it('takes out what waits of one owner, and leaves that of others', () => {
    const queue = new FairQueue<string, string>()
    queue.add('a', ['a1', 'a2'])
    queue.add('b', ['b1'])
    expect(queue.remove(() => true, 'a')).toEqual(['a1', 'a2'])
    expect(queue.remove(() => true, 'nobody')).toEqual([])
    expect(queue.size).toBe(1)
    expect(drain(queue)).toEqual(['b1'])
  })
})

describe('A fair queue of many owners', () => {
  /** The same rule, looked for among all. */
  class Searching {
    readonly lines = new Map<string, { items: string[]; running: number; served: number }>()
    served = 0
    #line(owner: string) {
      const line = this.lines.get(owner) ?? { items: [], running: 0, served: this.served - 0.5 }
      this.lines.set(owner, line)
      return line
    }
    add(owner: string, items: string[]) {
      this.#line(owner).items.push(...items)
    }
    next(): string | undefined {
      const waiting = [...this.lines.values()].filter(({ items }) => items.length > 0)
      const [first] = waiting.sort((a, b) => a.running - b.running || a.served - b.served)
      if (first === undefined) return undefined
      first.served = ++this.served
      first.running += 1
      return first.items.shift()
    }
    done(owner: string) {
      const line = this.#line(owner)
      line.running -= 1
      if (line.running === 0 && line.items.length === 0) this.lines.delete(owner)
    }
  }

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('gives out the same as one that looks at all of them: seed %i', (seed) => {
    const { from, upTo } = choices(seed)
    const queue = new FairQueue<string, string>()
    const searching = new Searching()
    const running: string[] = []
    for (let step = 0; step < 2000; step += 1) {
      const what = from('add', 'next', 'next', 'done')
      if (what === 'add') {
        const owner = `${from('a', 'b', 'c', 'd', 'e', 'f')}${upTo(2)}`
        const items = from([`${owner} ${step}`], [`${owner} ${step}`, `${owner} ${step}+`])
        queue.add(owner, items)
        searching.add(owner, items)
      } else if (what === 'next') {
        const next = queue.next()
        expect(next).toBe(searching.next())
        if (next !== undefined) running.push(next.split(' ')[0] as string)
      } else if (running.length > 0) {
        const [owner] = running.splice(upTo(running.length - 1), 1) as [string]
        queue.done(owner)
        searching.done(owner)
      }
    }
  })
})
