import { posix } from 'node:path'
import { type ReadText, readText } from './read-text'

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
  const mounts = mountsIn(read('/proc/self/mountinfo') ?? '')
  let least: number | undefined

  for (const line of groups.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined) continue
    const version = controllers === '' ? 2 : 1
    if (version === 1 && !controllers.split(',').includes('cpu')) continue
    const own = mounts.filter((mount) => mount.version === version)
    for (const mount of own.length > 0 ? own : usualMounts(controllers)) {
      for (const folder of upwards(mount, path)) lower(version === 2 ? quotaV2(folder) : quotaV1(folder))
    }
  }
  return least

  function lower(quota: number | undefined) {
    if (quota !== undefined) least = Math.min(least ?? quota, quota)
  }

  function quotaV2(folder: string) {
    const [quota, period] = (read(posix.join(folder, 'cpu.max')) ?? '').trim().split(/\s+/)
    return cpus(quota, period)
  }

  function quotaV1(folder: string) {
    return cpus(read(posix.join(folder, 'cpu.cfs_quota_us')), read(posix.join(folder, 'cpu.cfs_period_us')))
  }
}

/** A place where groups that can limit the CPU are seen: `root` of their tree is `at`. */
interface Mount {
  readonly version: 1 | 2
  readonly root: string
  readonly at: string
}

/** Lines as `32 31 0:29 /docker/ab /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu`. */
function mountsIn(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line): Mount[] => {
    const [before = '', after = ''] = line.split(' - ')
    const [, , , root, at] = before.split(' ').map(unescaped)
    const [type, , options = ''] = after.split(' ')
    if (root === undefined || at === undefined) return []
    if (type === 'cgroup2') return [{ version: 2, root, at }]
    return type === 'cgroup' && options.split(',').includes('cpu') ? [{ version: 1, root, at }] : []
  })
}

/** A space is `\040` there. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))

/** Where nobody tells: the name of the controllers is the mount's, but for a link to it that most systems have. */
function usualMounts(controllers: string): Mount[] {
  const folder = '/sys/fs/cgroup'
  if (controllers === '') return [{ version: 2, root: '/', at: folder }]
  return ['cpu', controllers].map((name) => ({ version: 1, root: '/', at: posix.join(folder, name) }))
}

/**
 * A group's own folder, and those above it, up to the mount. In a container the path may be the host's, which is seen there
 * from the container's own group on, or as that group only.
 */
function* upwards({ root, at }: Mount, path: string): Generator<string> {
  const whole = posix.normalize(`/${path}`)
  const isWithin = root !== '/' && (whole === root || whole.startsWith(`${root}/`))
  const start = isWithin ? posix.join('/', whole.slice(root.length)) : whole
  for (let folder = start; ; folder = posix.dirname(folder)) {
    yield posix.join(at, folder)
    if (folder === '/') return
  }
}

/** `max`, `-1`, an empty or a damaged file: no limit. */
function cpus(quota: string | undefined, period: string | undefined): number | undefined {
  const share = Number.parseInt(quota ?? '', 10) / Number.parseInt(period ?? '', 10)
  return share > 0 && Number.isFinite(share) ? share : undefined
}
