import { type ReadText, readText } from './read-text'

const cpus = '/sys/devices/system/cpu'

/**
 * How many cores this process may run on; one that shows itself as two CPUs, hyper-threads, counts once, and so does
 * one of which the process's affinity has one thread only.
 *
 * Linux tells, in files. Of other systems only programs know, but for Apple's own processors, which have no hyper-threads.
 *
 * @param logical how many CPUs the process may use
 * @returns `undefined` when it cannot be known.
 */
export function physicalCores(
  logical: number,
  read: ReadText = readText,
  system: string = `${process.platform} ${process.arch}`,
): number | undefined {
  if (system === 'darwin arm64') return logical
  if (!system.startsWith('linux ')) return undefined
  const online = listOf(read(`${cpus}/online`))
  const allowed = listOf(/^Cpus_allowed_list:(.*)$/m.exec(read('/proc/self/status') ?? '')?.[1])
  // The affinity may name CPUs that are switched off, or not there yet.
  const own = (allowed ?? online)?.filter((cpu) => online === undefined || online.includes(cpu))
  if (own === undefined || own.length === 0) return undefined
  const cores = new Set<string>()
  for (const cpu of own) {
    const core = coreOf(cpu, read)
    if (core === undefined) return undefined
    cores.add(core)
  }
  return cores.size
}

/** A name of its core: all CPUs of the core, or, where nobody tells them, its number in its package. */
function coreOf(cpu: number, read: ReadText): string | undefined {
  const topology = `${cpus}/cpu${cpu}/topology`
  // The first name is that since Linux 5.3.
  const siblings = read(`${topology}/core_cpus_list`) ?? read(`${topology}/thread_siblings_list`)
  if (siblings !== undefined && siblings.trim() !== '') return siblings.trim()
  const [core, ofPackage] = [read(`${topology}/core_id`), read(`${topology}/physical_package_id`)]
  // -1: not known.
  if (!/^\d+$/.test(core?.trim() ?? '')) return undefined
  return `core ${core?.trim()} of ${ofPackage?.trim() ?? ''}`
}

/** `0-2,5` → 0, 1, 2, 5. */
function listOf(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined
  const ranges = text.trim().split(',')
  if (!ranges.every((range) => /^\d+(-\d+)?$/.test(range))) return undefined
  return ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, n) => first + n)
  })
}
