import { cgroupCpuQuota } from '../../lib/system/cgroup'

/** Reads from a table of files. */
const from = (files: Record<string, string>) => (path: string) => files[path]

describe('cgroupCpuQuota', () => {
  it('reads cgroup v2', () => {
    const read = from({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' })
    expect(cgroupCpuQuota(read)).toBe(1.5)
  })

  it('takes the least of the groups that its own is in', () => {
    const read = from({
      '/proc/self/cgroup': '0::/user.slice/job\n',
      '/sys/fs/cgroup/user.slice/job/cpu.max': '400000 100000\n',
      '/sys/fs/cgroup/user.slice/cpu.max': '200000 100000\n',
      '/sys/fs/cgroup/cpu.max': 'max 100000\n',
    })
    expect(cgroupCpuQuota(read)).toBe(2)
  })

  it('reads cgroup v1, in a container too, where the path is that of the host', () => {
    const read = from({
      '/proc/self/cgroup': '12:memory:/docker/ab\n4:cpu,cpuacct:/docker/ab\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '300000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    })
    expect(cgroupCpuQuota(read)).toBe(3)
  })

  it('reads cgroup v1 where only the name of all its controllers is mounted', () => {
    const read = from({
      '/proc/self/cgroup': '4:cpu,cpuacct:/a\n',
      '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us': '100000\n',
      '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us': '200000\n',
    })
    expect(cgroupCpuQuota(read)).toBe(0.5)
  })

  it.each([
    ['no limit', 'max 100000'],
    ['an empty file', ''],
    ['damage', 'garbage'],
    ['a negative quota', '-1 100000'],
    ['no period', '100000'],
    ['a period of zero', '100000 0'],
  ])('knows no limit from %s', (_, text) => {
    const read = from({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': text })
    expect(cgroupCpuQuota(read)).toBeUndefined()
  })

  it('knows no limit from the -1 of cgroup v1', () => {
    const read = from({
      '/proc/self/cgroup': '4:cpu:/\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    })
    expect(cgroupCpuQuota(read)).toBeUndefined()
  })

  it('knows no limit where there are no control groups', () => {
    expect(cgroupCpuQuota(() => undefined)).toBeUndefined()
  })

  it('reads this machine', () => {
    const quota = cgroupCpuQuota()
    expect(quota === undefined || quota > 0).toBe(true)
  })
})
