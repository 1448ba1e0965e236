import type { Look, WorkerRun } from './worker-run'

/** The worker of a task that runs for so many milliseconds is asked for what it has held back. */
const LONG = 20

/** A task that runs for so many holds up what is behind it, which was sized for less: that goes elsewhere. */
const HOLDS_UP = 50

/** Milliseconds between two looks at workers that have several tasks, at least; and when another one is free, who could help. */
const LOOK = 5
const LOOK_FOR_HELP = 2

/**
 * Work of so many milliseconds is worth moving to a worker that is free, and to one that has to be started first. (The first is less
 * than it was: times are whole milliseconds, rounded down at both ends.)
 */
const WORTH_MOVING = 1
const WORTH_A_WORKER = 50

/**
 * Milliseconds until a look at what workers do is due: when a task may be long, or hold others up. Each look takes time from
 * tasks that have all cores at work.
 *
 * @param isHeldUp whether it is looked for places of workers too
 * @param looks what each is doing; `undefined` for one that has not begun
 */
export function nextLook(isHelpThere: boolean, isHeldUp: boolean, looks: Iterable<Look | undefined>): number {
  if (isHelpThere) return LOOK_FOR_HELP
  if (isHeldUp) return LOOK
  let next = LONG
  for (const look of looks) {
    if (look !== undefined) next = Math.min(next, (isLong(look) ? HOLDS_UP : LONG) - look.elapsed)
  }
  return Math.max(LOOK, next)
}

export function isLong(look: Look): boolean {
  return look.elapsed >= LONG
}

/** @param hasNext whether its worker has another batch to go on with */
export function holdsUp(look: Look, hasNext = false): boolean {
  return look.elapsed >= HOLDS_UP && (look.waiting > 0 || hasNext)
}

/** Work that waits behind a task that runs. */
export interface Waiting<P> {
  readonly part: P
  readonly run: WorkerRun
  /** How many tasks. */
  readonly tasks: number
  /** For how many other workers there is enough of it. */
  readonly helpers: number
  readonly isWorthAWorker: boolean
}

/** The most work that waits at one worker, when it is worth moving. */
export function mostWaiting<P extends { readonly run: WorkerRun | undefined }>(
  parts: Iterable<P>,
  now: number,
): Waiting<P> | undefined {
  let most: Waiting<P> | undefined
  let mostWork = WORTH_MOVING
  for (const part of parts) {
    const look = part.run?.look(now)
    if (part.run === undefined || look === undefined) continue
    const work = look.waiting * look.average
    if (work < mostWork) continue
    mostWork = work
    most = {
      part,
      run: part.run,
      tasks: look.waiting,
      helpers: Math.floor(work / WORTH_MOVING),
      isWorthAWorker: work > WORTH_A_WORKER,
    }
  }
  return most
}

/** So many parts, of the same size as far as that can be; none that is empty. */
export function inEvenParts(positions: readonly number[], count: number): number[][] {
  const parts: number[][] = []
  for (let at = 0; at < positions.length; ) {
    const size = Math.ceil((positions.length - at) / (count - parts.length))
    parts.push(positions.slice(at, at + size))
    at += size
  }
  return parts
}

/** One, then twice as many each time: should they be short after all, they are few messages. */
export function inGrowingParts(positions: readonly number[]): number[][] {
  const parts: number[][] = []
  for (let at = 0, size = 1; at < positions.length; at += size, size *= 2) parts.push(positions.slice(at, at + size))
  return parts
}
