import { KeptUnits } from '../../lib/serialization/kept-units'

const unit = (id: number, length = 10) => ({ id, bytes: new Uint8Array(length), imports: [], beside: [] })

describe('Units that a worker keeps for later calls', () => {
  it('are those of functions that come again, which have names below zero, unless they are long', () => {
    const kept = new KeptUnits<string>()
    kept.add(unit(1), 'of one call')
    kept.add(unit(-1), 'of all calls')
    kept.add(unit(-2, 10_000), 'long')
    expect([1, -1, -2].map((id) => kept.get(id))).toEqual([undefined, 'of all calls', undefined])
  })

  it('are at most a thousand: both ends forget all of them at the same one', () => {
    const ends = [new KeptUnits<number>(), new KeptUnits<number>()]
    const has = () => ends.map((end) => [1, 1000, 1001].map((n) => end.has(-n)))
    for (const end of ends) for (let n = 1; n <= 1000; n += 1) end.add(unit(-n), n)
    for (const end of ends) end.add(unit(-1000), 1000) // again
    expect(has()).toEqual(Array(2).fill([true, true, false]))
    for (const end of ends) end.add(unit(-1001), 1001)
    expect(has()).toEqual(Array(2).fill([false, false, true]))
  })
})
