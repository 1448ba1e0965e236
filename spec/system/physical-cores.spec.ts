import { availableParallelism } from 'node:os'
import { physicalCores } from '../../lib/system/physical-cores'

/** What a Linux machine shows of itself: which CPUs are on, which this process may use, and of each what its core is. */
interface Machine {
  readonly online?: string
  readonly allowed?: string
  readonly topology: Readonly<Record<number, Readonly<Record<string, string>>>>
}

function coresOf({ online, allowed, topology }: Machine): number | undefined {
  const files = new Map<string, string>()
  if (online !== undefined) files.set('/sys/devices/system/cpu/online', `${online}\n`)
  if (allowed !== undefined) {
    const status = `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${allowed}\nMems_allowed_list:\t0\n`
    files.set('/proc/self/status', status)
  }
  for (const [cpu, names] of Object.entries(topology))
    for (const [name, text] of Object.entries(names))
      files.set(`/sys/devices/system/cpu/cpu${cpu}/topology/${name}`, `${text}\n`)
  return physicalCores(99, (path) => files.get(path), 'linux x64')
}

/** CPUs with these lists of the CPUs of their core. */
const siblings = (lists: readonly string[], file = 'core_cpus_list') =>
  Object.fromEntries(lists.map((list, cpu) => [cpu, { [file]: list }]))

/** Four cores with two threads each, numbered as Intel's servers have them: 0 and 4 are one core. */
const server = siblings(['0,4', '1,5', '2,6', '3,7', '0,4', '1,5', '2,6', '3,7'])

describe('physicalCores', () => {
  it('counts a core with two hyper-threads once', () => {
    expect(coresOf({ online: '0-7', allowed: '0-7', topology: server })).toBe(4)
  })

  it('counts every CPU of a machine without hyper-threads', () => {
    expect(coresOf({ online: '0-2', allowed: '0-2', topology: siblings(['0', '1', '2']) })).toBe(3)
  })

  it('counts cores of two kinds: the large ones of this laptop have two threads, and the small ones one', () => {
    const topology = siblings(['0-1', '0-1', '2-3', '2-3', '4', '5', '6', '7'])
    expect(coresOf({ online: '0-7', allowed: '0-7', topology })).toBe(6)
  })

  it.each([
    ['0-3', 4],
    ['0,4', 1],
    ['0,1,4,5', 2],
    ['3', 1],
    ['1-2,6-7', 3],
  ])('counts those that the affinity %s has a thread of', (allowed, cores) => {
    expect(coresOf({ online: '0-7', allowed, topology: server })).toBe(cores)
  })

  it('leaves out CPUs that are switched off, or not there yet, which the affinity names all the same', () => {
    const topology = Object.fromEntries(Object.entries(server).filter(([cpu]) => cpu !== '3' && cpu !== '7'))
    expect(coresOf({ online: '0-2,4-6', allowed: '0-127', topology })).toBe(3)
  })

  it('reads what kernels before 5.3 have', () => {
    expect(
      coresOf({
        online: '0-3',
        allowed: '0-3',
        topology: siblings(['0-1', '0-1', '2-3', '2-3'], 'thread_siblings_list'),
      }),
    ).toBe(2)
  })

  it('tells cores by their number and package, where their CPUs are not listed', () => {
    const cpu = (core: string, ofPackage: string) => ({ core_id: core, physical_package_id: ofPackage })
    const topology = { 0: cpu('0', '0'), 1: cpu('1', '0'), 2: cpu('0', '1'), 3: cpu('0', '1') }
    expect(coresOf({ online: '0-3', allowed: '0-3', topology })).toBe(3)
  })

  it('takes what is on for the affinity, where that cannot be read, and the other way round', () => {
    expect(coresOf({ online: '0-3', topology: server })).toBe(4)
    expect(coresOf({ allowed: '0-1', topology: server })).toBe(2)
  })

  it.each<[string, Machine]>([
    ['nothing is to be read', { topology: {} }],
    ['there is no topology', { online: '0-1', allowed: '0-1', topology: {} }],
    ['a CPU has none', { online: '0-8', allowed: '0-8', topology: server }],
    ['the core is not known', { online: '0', allowed: '0', topology: { 0: { core_id: '-1' } } }],
    ['a list is empty', { online: '0', allowed: '0', topology: { 0: { core_cpus_list: '' } } }],
    ['the lists are damaged', { online: '0-x', allowed: 'all', topology: server }],
    ['affinity and what is on have nothing in common', { online: '0-1', allowed: '2-3', topology: server }],
  ])('is not known where %s', (_, machine) => {
    expect(coresOf(machine)).toBeUndefined()
  })

  it('is known of processors of Apple, which have no hyper-threads, and of no other system', () => {
    const never = jest.fn()
    expect(physicalCores(10, never, 'darwin arm64')).toBe(10)
    expect(physicalCores(8, never, 'darwin x64')).toBeUndefined()
    expect(physicalCores(8, never, 'win32 x64')).toBeUndefined()
    expect(never).not.toHaveBeenCalled()
  })

  it('is no more than its CPUs on this machine', () => {
    const cores = physicalCores(availableParallelism())
    expect(cores === undefined || (cores >= 1 && cores <= availableParallelism())).toBe(true)
  })
})
