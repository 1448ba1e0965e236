import { readFileSync } from 'node:fs'
import { posix } from 'node:path'

/** Reads a file whole; `undefined` when it cannot be read. */
export type ReadText = (path: string) => string | undefined

/**
 * The CPU time that this process's control group may use, in CPUs: 1.5 is three halves of one. The least along the
 * way from the process's own group up to the root counts, of cgroup v1 and v2.
 *
 * Read here, because Node.js 20 does not: its libuv learned it in 1.49.
 *
 * @returns `undefined` when there is no limit, or no control groups.
 */
export function cgroupCpuQuota(read: ReadText = readText): number | undefined {
  const groups = read('/proc/self/cgroup') ?? ''
  let least: number | undefined

  for (const line of groups.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) continue
    if (controllers === '') lower(quotasUpwards('/sys/fs/cgroup', path, quotaV2))
    else if (controllers.split(',').includes('cpu')) {
      // The controllers' own name is the mount's, but for a link to it that most systems have.
      lower(quotasUpwards('/sys/fs/cgroup/cpu', path, quotaV1))
      lower(quotasUpwards(`/sys/fs/cgroup/${controllers}`, path, quotaV1))
    }
  }
  return least

  /** In a container the path may be the host's: then only the mount itself is found, and that is the container's. */
  function* quotasUpwards(mount: string, path: string, quotaIn: (folder: string) => number | undefined) {
    for (let folder = posix.normalize(`/${path}`); ; folder = posix.dirname(folder)) {
      yield quotaIn(posix.join(mount, folder))
      if (folder === '/') return
    }
  }

  function lower(quotas: Iterable<number | undefined>) {
    for (const quota of quotas) if (quota !== undefined) least = Math.min(least ?? quota, quota)
  }

  function quotaV2(folder: string) {
    const [quota, period] = (read(posix.join(folder, 'cpu.max')) ?? '').trim().split(/\s+/)
    return cpus(quota, period)
  }

  function quotaV1(folder: string) {
    return cpus(read(posix.join(folder, 'cpu.cfs_quota_us')), read(posix.join(folder, 'cpu.cfs_period_us')))
  }
}

/** `max`, `-1`, an empty or a damaged file: no limit. */
function cpus(quota: string | undefined, period: string | undefined): number | undefined {
  const share = Number.parseInt(quota ?? '', 10) / Number.parseInt(period ?? '', 10)
  return share > 0 && Number.isFinite(share) ? share : undefined
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
