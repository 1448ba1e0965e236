import { type coresOrWarn, cpuCount, leastCpuCount } from '../../lib/system/cpu-count'

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
    [{ available: 8, cores: 4, quota: undefined, asked: undefined }, 4],
    [{ available: 8, cores: 4, quota: 2.5, asked: undefined }, 3],
    [{ available: 8, cores: 4, quota: undefined, asked: '6' }, 4],
    [{ available: 8, cores: undefined, quota: undefined, asked: undefined }, 8],
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

  it('has no more cores than CPUs', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const cores = cpuCount({ onlyPhysicalCores: true })
    warn.mockRestore()
    expect(cores >= 1 && cores <= cpuCount()).toBe(true)
    expect(cpuCount({ onlyPhysicalCores: false })).toBe(cpuCount())
    expect(cpuCount({ onlyPhysicalCores: undefined })).toBe(cpuCount())
  })

  it.each<[unknown, string]>([
    [true, 'The options of cpuCount are an object, { onlyPhysicalCores? }; got true'],
    [null, 'got null'],
    [{ only_physical_cores: true }, "'only_physical_cores' is no option of cpuCount. Its option is onlyPhysicalCores"],
    [{ onlyPhysicalCores: 1 }, 'onlyPhysicalCores must be true or false; got 1'],
  ])('refuses the options %p', (options, message) => {
    expect(() => cpuCount(options as never)).toThrow(TypeError)
    expect(() => cpuCount(options as never)).toThrow(message)
  })
})

describe('coresOrWarn', () => {
  it('warns once when nobody can tell how many cores there are', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    try {
      // Where this machine does not tell, the warning was given.
      jest.isolateModules(() => {
        const fresh = require('../../lib/system/cpu-count') as { coresOrWarn: typeof coresOrWarn }
        expect(fresh.coresOrWarn(8, () => 4)).toBe(4)
        expect(warn).not.toHaveBeenCalled()
        expect(fresh.coresOrWarn(8, () => undefined)).toBeUndefined()
        expect(fresh.coresOrWarn(8, () => undefined)).toBeUndefined()
      })
      expect(warn).toHaveBeenCalledTimes(1)
      expect(warn).toHaveBeenCalledWith(expect.stringContaining('counts all CPUs'), {
        type: 'ParforWarning',
        code: 'PARFOR_CPU_COUNT',
      })
    } finally {
      warn.mockRestore()
    }
  })
})
