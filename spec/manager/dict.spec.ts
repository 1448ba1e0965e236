import { Manager } from '../../lib'

const manager = new Manager()

describe('A managed dict', () => {
  it('begins empty, or with entries', async () => {
    expect(await manager.dict().size()).toBe(0)
    for (const entries of [{ a: 1, b: 2 }, new Map(Object.entries({ a: 1, b: 2 })), Object.entries({ a: 1, b: 2 })])
      expect(await manager.dict<string, number>(entries).entries()).toEqual([
        ['a', 1],
        ['b', 2],
      ])
  })

  it('sets, gets and deletes', async () => {
    const dict = manager.dict<string, number | undefined>()
    await dict.set('a', 1)
    await dict.set('none', undefined)
    expect([await dict.get('a'), await dict.get('b'), await dict.get('b', 5)]).toEqual([1, undefined, 5])
    expect([await dict.get('none', 5), await dict.has('none'), await dict.has('b')]).toEqual([undefined, true, false])
    expect([await dict.delete('a'), await dict.delete('a')]).toEqual([true, false])
    expect([await dict.pop('none', 5), await dict.pop('none', 5), await dict.pop('none')]).toEqual([
      undefined,
      5,
      undefined,
    ])
  })

  it('tells keys apart as a Map does', async () => {
    const dict = manager.dict<string | number | bigint | boolean | null | undefined, string>()
    const keys = ['1', 1, 1n, true, null, undefined, Number.NaN]
    for (const key of keys) await dict.set(key, typeof key)
    expect(await dict.keys()).toEqual(keys)
    expect(await dict.get(Number.NaN)).toBe('number')
    expect(await dict.values()).toEqual(keys.map((key) => typeof key))
  })

  it('changes what is there in one step', async () => {
    const dict = manager.dict<string, number>({ a: 1 })
    expect([await dict.setDefault('a', 9), await dict.setDefault('b', 2)]).toEqual([1, 2])
    expect([await dict.add('a', 5), await dict.add('c', -1)]).toEqual([6, -1])
    expect(await dict.update('a', (n = 0) => n * 2)).toBe(12)
    expect(await dict.update('d', (n) => (n === undefined ? 4 : 0))).toBe(4)
    await dict.update({ b: 3, e: 5 })
    expect(await dict.toMap()).toEqual(new Map(Object.entries({ a: 12, b: 3, c: -1, d: 4, e: 5 })))
    expect(await manager.dict<string, bigint>().add('n', 2n)).toBe(2n)
  })

  it('is gone through by entries', async () => {
    const seen: unknown[] = []
    for await (const entry of manager.dict({ a: 1, b: 2 })) seen.push(entry)
    expect(seen).toEqual([
      ['a', 1],
      ['b', 2],
    ])
  })

  it('can be emptied', async () => {
    const dict = manager.dict({ a: 1 })
    await dict.clear()
    expect(await dict.size()).toBe(0)
  })

  it('refuses keys of which it could not find another copy', async () => {
    const dict = manager.dict<never, unknown>()
    await expect(dict.set({} as never, 1)).rejects.toThrow(
      new TypeError('dict.set takes a key that is a string, a number, a bigint, a boolean, null or undefined; got {}'),
    )
    expect(() => manager.dict([[Symbol('a'), 1]] as never)).toThrow(TypeError)
    expect(() => manager.dict([['a']] as never)).toThrow("manager.dict takes pairs of a key and a value; got [ 'a' ]")
    expect(() => manager.dict(5 as never)).toThrow(
      'manager.dict takes a Map, an iterable of pairs, or an object; got 5',
    )
    await expect(manager.dict({ a: 'x' }).add('a', 1 as never)).rejects.toThrow("a number cannot be added to 'x'")
    await expect(manager.dict({ a: 1 }).update('a', 5 as never)).rejects.toThrow('dict.update takes a function; got 5')
  })
})
