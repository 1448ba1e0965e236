import { Manager, SerializationError } from '../../lib'

const manager = new Manager()

describe('A managed list', () => {
  it('begins empty, or with what an iterable gives', async () => {
    expect(await manager.list().toArray()).toEqual([])
    expect(await manager.list(new Set([1, 2])).toArray()).toEqual([1, 2])
  })

  it('holds other objects of managers, also where nothing was run in parallel yet', async () => {
    const inner = manager.list(['it'])
    const outer = manager.list<unknown>([inner])
    expect(await outer.get(0)).toBe(inner)
    await outer.append(outer)
    expect(await outer.get(1)).toBe(outer)
    const other = new Manager().dict({ inner })
    expect(await other.get('inner')).toBe(inner)
  })

  it('takes values at its end, and anywhere', async () => {
    const list = manager.list<number>()
    await list.append(1)
    expect(await list.push(2, 3)).toBe(3)
    await list.extend(new Set([4, 5]))
    await list.insert(0, 0)
    await list.insert(-1, 4.5)
    await list.insert(99, 6)
    expect(await list.toArray()).toEqual([0, 1, 2, 3, 4, 4.5, 5, 6])
    expect(await list.length()).toBe(8)
  })

  it('gives values by index, from the end too', async () => {
    const list = manager.list(['a', 'b', 'c'])
    expect(await Promise.all([0, 2, -1, -3, 3, -4].map((n) => list.get(n)))).toEqual([
      'a',
      'c',
      'c',
      'a',
      undefined,
      undefined,
    ])
    expect(await list.slice(1)).toEqual(['b', 'c'])
    expect(await list.slice(-2, -1)).toEqual(['b'])
    await list.set(-1, 'z')
    expect(await list.toArray()).toEqual(['a', 'b', 'z'])
  })

  it('gives values away', async () => {
    const list = manager.list([1, 2, 3, 4])
    expect([await list.pop(), await list.shift(), await list.pop(1), await list.pop(-1)]).toEqual([4, 1, 3, 2])
    expect([await list.pop(), await list.shift()]).toEqual([undefined, undefined])
    await list.extend([5, 6])
    expect([await list.clear(), await list.length()]).toEqual([[5, 6], 0])
  })

  it('finds values that are equal', async () => {
    const list = manager.list([{ a: [1] }, { a: [2] }, { a: [1] }])
    expect([await list.indexOf({ a: [2] }), await list.indexOf({ a: [3] })]).toEqual([1, -1])
    expect([await list.includes({ a: [1] }), await list.includes({ a: [] })]).toEqual([true, false])
    expect([await list.remove({ a: [1] }), await list.remove({ a: [9] })]).toEqual([true, false])
    expect(await list.toArray()).toEqual([{ a: [2] }, { a: [1] }])
  })

  it('is gone through as it is when the loop begins', async () => {
    const list = manager.list([1, 2])
    const seen: number[] = []
    for await (const n of list) {
      seen.push(n)
      await list.append(n)
    }
    expect(seen).toEqual([1, 2])
  })

  it('has copies, in and out', async () => {
    const given = { n: 1, buffer: new Uint8Array([1]), same: [] as unknown[] }
    given.same.push(given)
    const list = manager.list([given])
    const appended = list.append(given)
    given.n = 2
    given.buffer[0] = 2
    await appended
    for (const index of [0, 1]) {
      const got = await list.get(index)
      expect([got?.n, got?.buffer[0], got?.same[0] === got]).toEqual([1, 1, true])
      if (got) got.n = 3
    }
    expect((await list.get(0))?.n).toBe(1)
  })

  it('keeps what a value shares in memory', async () => {
    const cells = new Int32Array(new SharedArrayBuffer(4))
    const list = manager.list([cells])
    const got = await list.get(0)
    cells[0] = 7
    expect(got?.[0]).toBe(7)
  })

  it('does operations in the order in which they are called', async () => {
    const list = manager.list<number>()
    const [, length, , popped] = await Promise.all([list.append(1), list.push(2), list.set(0, 9), list.pop(0)])
    expect([length, popped, await list.toArray()]).toEqual([2, 9, [2]])
  })

  it('refuses what cannot be sent, and says where it is', async () => {
    const list = manager.list<unknown>()
    const error = await list.append({ a: [Promise.resolve()] }).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(SerializationError)
    expect(error).toMatchObject({ path: 'args[0].a[0]' })
    expect(String(error)).toContain('list.append: Cannot send args[0].a[0] to a Manager: it is a promise')
    await expect(list.append(manager)).rejects.toThrow('it is a Manager, which stays in the thread that made it')
    expect(() => manager.list([new WeakMap()])).toThrow('manager.list: Cannot send initial[0] to a Manager: a WeakMap')
    expect(await list.length()).toBe(0)
  })

  it('refuses what is no index', async () => {
    const list = manager.list([1])
    await expect(list.get('0' as never)).rejects.toThrow(
      new TypeError("list.get takes an index, a whole number; got '0'"),
    )
    await expect(list.get(0.5)).rejects.toThrow(new RangeError('list.get takes a whole number; got 0.5'))
    await expect(list.set(1, 2)).rejects.toThrow(new RangeError('list.set: there is no place 1 in a list of 1'))
    await expect(list.pop(-2)).rejects.toThrow(new RangeError('list.pop: there is no place -2 in a list of 1'))
    await expect(list.extend(5 as never)).rejects.toThrow(TypeError)
    expect(() => manager.list(5 as never)).toThrow('manager.list takes an iterable, as an array; got 5')
  })
})
