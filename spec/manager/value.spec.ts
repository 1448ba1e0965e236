import { Manager } from '../../lib'

const manager = new Manager()

describe('A managed value', () => {
  it('is got and set', async () => {
    const value = manager.value<unknown>({ a: 1 })
    expect(await value.get()).toEqual({ a: 1 })
    await value.set(new Map([[1, 2]]))
    expect(await value.get()).toEqual(new Map([[1, 2]]))
  })

  it('adds numbers, and bigints', async () => {
    const value = manager.value(1.5)
    expect(await Promise.all([value.add(1), value.add(-0.5)])).toEqual([2.5, 2])
    expect(await manager.value(1n).add(2n)).toBe(3n)
    await expect(manager.value('a').add('b' as never)).rejects.toThrow("value.add takes a number, or a bigint; got 'b'")
    await expect(manager.value<unknown>(1n).add(1 as never)).rejects.toThrow(
      new TypeError('value.add: a number cannot be added to 1n'),
    )
  })

  it('is set when it is what was expected', async () => {
    const value = manager.value({ at: [1] })
    expect(await value.compareAndSet({ at: [2] }, { at: [3] })).toBe(false)
    expect(await value.compareAndSet({ at: [1] }, { at: [4] })).toBe(true)
    expect(await value.get()).toEqual({ at: [4] })
  })

  it('is changed by functions, one after the other', async () => {
    const value = manager.value<number[]>([])
    const given = await Promise.all([1, 2, 3].map((n) => value.update((before) => [...before, n])))
    expect(given).toEqual([[1], [1, 2], [1, 2, 3]])
    expect(await value.get()).toEqual([1, 2, 3])
  })

  it('calls a function again when somebody else has written meanwhile', async () => {
    const value = manager.value(1)
    const seen: number[] = []
    const updating = value.update((n) => {
      seen.push(n)
      if (seen.length === 1) void value.set(10)
      return n + 1
    })
    expect([await updating, await value.get(), seen]).toEqual([11, 11, [1, 10]])
  })

  it('stays as it was for a function that throws, whatever that did to it', async () => {
    const value = manager.value<number[]>([])
    const update = (n: number) =>
      value.update((numbers) => {
        numbers.push(n)
        if (n === 2) throw new RangeError('not 2')
        return numbers
      })
    const outcomes = await Promise.allSettled([update(1), update(2), update(3)])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: new RangeError('not 2') })
    expect(await value.get()).toEqual([1, 3])
    expect(await value.update((numbers) => [...numbers, 4])).toEqual([1, 3, 4])
  })

  it('is not changed by a function that is async, or none', async () => {
    const value = manager.value<unknown>(1)
    await expect(value.update(async () => 2)).rejects.toThrow('update takes a function that is not async')
    await expect(value.update(2 as never)).rejects.toThrow('value.update takes a function; got 2')
    expect(await value.get()).toBe(1)
  })
})
