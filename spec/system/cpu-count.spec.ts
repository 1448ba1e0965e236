import { cpuCount, leastCpuCount } from '../../lib/system/cpu-count'

describe('leastCpuCount', () => {
  it.each([
    [{ available: 8, quota: undefined, asked: undefined }, 8],
    [{ available: 8, quota: 2, asked: undefined }, 2],
    [{ available: 8, quota: 1.5, asked: undefined }, 2],
    [{ available: 8, quota: 0.1, asked: undefined }, 1],
    [{ available: 8, quota: Number.POSITIVE_INFINITY, asked: undefined }, 8],
    [{ available: 8, quota: 6, asked: '3' }, 3],
    [{ available: 8, quota: 2, asked: '3' }, 2],
    [{ available: 2, quota: undefined, asked: '100' }, 2],
    [{ available: 2, quota: undefined, asked: '' }, 2],
    [{ available: 2, quota: undefined, asked: '0' }, 1],
    [{ available: 2, quota: undefined, asked: '-4' }, 1],
  ])('of %j is %d', (limits, count) => {
    expect(leastCpuCount(limits)).toBe(count)
  })

  it.each(['many', '1.5', '2x'])('refuses PARFOR_MAX_CPU_COUNT=%s', (asked) => {
    expect(() => leastCpuCount({ available: 2, quota: undefined, asked })).toThrow(RangeError)
    expect(() => leastCpuCount({ available: 2, quota: undefined, asked })).toThrow(asked)
  })
})

describe('cpuCount', () => {
  const before = process.env.PARFOR_MAX_CPU_COUNT
  afterEach(() => {
    if (before === undefined) delete process.env.PARFOR_MAX_CPU_COUNT
    else process.env.PARFOR_MAX_CPU_COUNT = before
  })

  it('is a positive whole number', () => {
    expect(Number.isInteger(cpuCount()) && cpuCount() >= 1).toBe(true)
  })

  it('heeds PARFOR_MAX_CPU_COUNT at once', () => {
    process.env.PARFOR_MAX_CPU_COUNT = '1'
    expect(cpuCount()).toBe(1)
  })
})
