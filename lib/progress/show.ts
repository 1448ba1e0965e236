import { performance } from 'node:perf_hooks'
import { barLine, glyphsFor } from './bar'
import { printNowAndThen } from './lines'
import { showBelow } from './screen'
import { type Counted, startLooking } from './standing'
import { printLine } from './verbosity'

/**
 * Shows how far a call has come, which begins now: by a bar on a terminal, elsewhere by lines. Nothing is to be told of
 * its tasks: it is looked at some times in a second, so that they cost nothing more.
 *
 * @param kind - What stands in lines of a call that has no name: `Pool`.
 * @returns Is to be called when the call is over.
 */
export function showProgress(
  name: string | undefined,
  kind: string,
  look: () => Counted,
): (how: 'ended' | 'failed') => void {
  const stand = startLooking(look, () => performance.now())
  if (!hasBars(process.stderr, process.env)) return printNowAndThen(name, kind, stand, printLine)

  const glyphs = glyphsFor(process.env)
  const leave = showBelow((columns) => barLine(name, stand('running'), columns, glyphs))
  return (how) => leave((columns) => barLine(name, stand(how), columns, glyphs))
}

/** Whether a bar can be drawn there. In a CI all that is drawn stays in its log, one bar behind the other. */
export function hasBars({ isTTY }: { readonly isTTY?: boolean }, { TERM, CI }: NodeJS.ProcessEnv): boolean {
  const isCI = CI !== undefined && !/^(?:|0|false)$/i.test(CI)
  return isTTY === true && TERM !== 'dumb' && !isCI
}
