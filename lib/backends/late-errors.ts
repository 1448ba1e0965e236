import { mapStack } from '../serialization/functions/original-position'
import { INITIALIZER } from '../task/task'
import { type LateError, namedError } from '../worker/left-behind'
import type { Gone } from './worker-handle'

/** What tasks of one worker have left behind: errors that came when they were over, and nothing caught. */
export class LateErrors {
  /** The last one, and whose it is, in words. */
  #last: { readonly what: string; readonly whose: string } | undefined

  /**
   * Warns of one: a program that forgot an `await` would not know of it, because the task has its result.
   *
   * @param call the id of the one whose tasks run now
   */
  warnOf({ call: ofCall, index, name, what, stack }: LateError, call: number | undefined): void {
    const ofWhich = call === undefined || call === ofCall ? '' : ' of an earlier call'
    const who = index === INITIALIZER ? 'the initializer' : `task ${index}`
    const whose = `an error that ${who}${name === '' ? '' : ` (${name})`}${ofWhich} had left behind`
    this.#last = { what, whose }
    warn(`Nothing caught ${whose}, ${what}`, mapStack(stack))
  }

  /** How a worker ended, with the task that is to blame when it was such an error. */
  reasonOf(how: Gone): Gone {
    return this.#isLast(how) ? { ...how, reason: `${this.#last?.whose} ended it` } : how
  }

  /** Warns of a worker that an error ended while no task ran, if that was not told already: nobody knows whose it was. */
  warnOfEnd(how: Gone): void {
    if (how.cause === undefined || this.#isLast(how)) return
    const { stack = '' } = Object(how.cause) as { stack?: unknown } // Node's copy of an error is none by brand
    warn(`A worker is lost, after the end of the task that is to blame: ${how.reason}`, String(stack))
  }

  #isLast({ cause }: Gone): boolean {
    return cause !== undefined && this.#last !== undefined && namedError(cause) === this.#last.what
  }
}

function warn(message: string, detail: string): void {
  process.emitWarning(message, { type: 'ParforWarning', code: 'PARFOR_LATE_ERROR', detail })
}
