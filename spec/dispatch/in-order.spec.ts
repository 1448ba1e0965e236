import { asCompleted, inOrder, type Waiting } from '../../lib/dispatch/in-order'

const item = (n: number) => ({ n })

function drain(waiting: Waiting<{ n: number }>): number[] {
  const all: number[] = []
  for (let next = waiting.take(); next !== undefined; next = waiting.take()) all.push(next.n)
  return all
}

describe('inOrder', () => {
  it('gives items in the order of their indices, each as soon as it can', () => {
    const waiting = inOrder<{ n: number }>()
    const given: number[][] = []
    for (const index of [2, 0, 4, 1, 3]) {
      waiting.add(index, item(index))
      given.push(drain(waiting))
    }
    expect(given).toEqual([[], [0], [], [1, 2], [3, 4]])
  })

  it('does so for any order, however adding and taking follow each other', () => {
    const waiting = inOrder<{ n: number }>()
    const order = Array.from({ length: 1000 }, (_, n) => (n * 617) % 1000)
    const given: number[] = []
    for (const [n, index] of order.entries()) {
      waiting.add(index, item(index))
      if (n % 7 === 0) {
        const next = waiting.take()
        if (next) given.push(next.n)
      }
    }
    given.push(...drain(waiting))
    expect(given).toEqual(Array.from({ length: 1000 }, (_, n) => n))
  })

  it('is empty when nothing waits, not even for its turn', () => {
    const waiting = inOrder<{ n: number }>()
    expect(waiting.isEmpty).toBe(true)
    waiting.add(1, item(1))
    expect(waiting.isEmpty).toBe(false)
    waiting.add(0, item(0))
    drain(waiting)
    expect(waiting.isEmpty).toBe(true)
    waiting.add(2, item(2))
    waiting.clear()
    expect([waiting.isEmpty, waiting.take()]).toEqual([true, undefined])
  })
})

describe('asCompleted', () => {
  it('gives items in the order they come in', () => {
    const waiting = asCompleted<{ n: number }>()
    for (const index of [2, 0]) waiting.add(index, item(index))
    const first = waiting.take()
    waiting.add(1, item(1))
    expect([first?.n, ...drain(waiting)]).toEqual([2, 0, 1])
    expect(waiting.isEmpty).toBe(true)
  })
})
