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

  // Lines of /proc/self/mountinfo as Docker, systemd and an old Red Hat have them.
  const mountinfo = (...lines: string[]) => `22 1 254:1 / / rw,relatime - ext4 /dev/root rw\n${lines.join('\n')}\n`
  const v2 = (root: string, at: string) => `31 22 0:26 ${root} ${at} rw,nosuid - cgroup2 cgroup rw,nsdelegate`
  const v1 = (root: string, at: string, controllers: string) =>
    `32 31 0:29 ${root} ${at} rw,relatime shared:9 master:2 - cgroup cgroup rw,${controllers}`

  it('finds the groups within a container, whose path begins with that of the host', () => {
    const read = from({
      '/proc/self/cgroup': '4:cpu,cpuacct:/docker/ab/job\n0::/docker/ab\n',
      '/proc/self/mountinfo': mountinfo(v1('/docker/ab', '/sys/fs/cgroup/cpu,cpuacct', 'cpu,cpuacct')),
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '800000\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us': '250000\n',
      '/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us': '100000\n',
    })
    expect(cgroupCpuQuota(read)).toBe(2.5)
  })

  it('takes the path from the mount itself, where it is a sister of that of the container', () => {
    const read = from({
      '/proc/self/cgroup': '0::/docker/abc\n',
      '/proc/self/mountinfo': mountinfo(v2('/docker/ab', '/sys/fs/cgroup')),
      '/sys/fs/cgroup/cpu.max': '300000 100000\n',
    })
    expect(cgroupCpuQuota(read)).toBe(3)
  })

  it('does not leave the mount, for a process that was moved out of its namespace', () => {
    const read = from({
      '/proc/self/cgroup': '0::/../../other\n',
      '/proc/self/mountinfo': mountinfo(v2('/', '/sys/fs/cgroup')),
      '/sys/fs/cgroup/cpu.max': '100000 100000\n',
    })
    expect(cgroupCpuQuota(read)).toBe(1)
  })

  it('finds groups wherever they are mounted, and those of both versions', () => {
    const read = from({
      '/proc/self/cgroup': '3:cpuset:/\n1:cpu:/batch\n0::/slice\n',
      '/proc/self/mountinfo': mountinfo(
        v1('/', '/sys/fs/cgroup/cpuset', 'cpuset'),
        v1('/', '/mnt/my\\040groups', 'cpu'),
        v2('/', '/sys/fs/cgroup/unified'),
      ),
      '/mnt/my groups/batch/cpu.cfs_quota_us': '600000\n',
      '/mnt/my groups/batch/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/unified/slice/cpu.max': '700000 100000\n',
      '/sys/fs/cgroup/cpuset/cpu.cfs_quota_us': '1\n',
      '/sys/fs/cgroup/cpuset/cpu.cfs_period_us': '1\n',
    })
    expect(cgroupCpuQuota(read)).toBe(6)
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
