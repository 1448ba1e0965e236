import { oneLine } from './bar'
import { duration } from './duration'
import type { Standing } from './standing'

/** Milliseconds. A line that is due may come so much later. */
const pause = 500
const atLeast = 1_000
const atMost = 60_000

/**
 * Prints where a call stands, now and then, for a log: with a total at each tenth of it, without one ever more rarely;
 * never twice within a second, and not more rarely than once a minute.
 *
 * @returns Prints the last line.
 */
export function printNowAndThen(
  name: string | undefined,
  kind: string,
  stand: (state: Standing['state']) => Standing,
  print: (line: string) => void,
): (how: 'ended' | 'failed') => void {
  let tenths = 0
  let last = 0
  let next = atLeast

  const timer = setInterval(() => {
    const standing = stand('running')
    const { completed, total, elapsed } = standing
    const now = total ? Math.floor((completed / total) * 10) : 0
    const isDue = elapsed - last >= atMost || (total === undefined ? elapsed >= next : now > tenths)
    if (!isDue || elapsed - last < atLeast) return
    tenths = now
    last = elapsed
    next = elapsed + Math.min(elapsed, atMost)
    print(plainLine(name, kind, standing))
  }, pause).unref()

  return (how) => {
    clearInterval(timer)
    print(plainLine(name, kind, stand(how)))
  }
}

/** `[sums]: 45 of 100 (45%), 2 failed, 3.2s, 4.0s left` */
export function plainLine(name: string | undefined, kind: string, standing: Standing): string {
  const { completed, failed, total, state, elapsed, remaining } = standing
  const percent = total ? ` (${Math.floor(Math.min(1, completed / total) * 100)}%)` : ''
  const parts = [
    total === undefined ? `${completed} done` : `${completed} of ${total}${percent}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    state === 'failed' ? `stopped after ${duration(elapsed)}` : duration(elapsed),
    ...(remaining === undefined ? [] : [`${duration(remaining)} left`]),
  ]
  return `[${oneLine(name ?? '') || kind}]: ${parts.join(', ')}`
}
