import { mapStack } from '../serialization/functions/original-position'
import { INITIALIZER } from '../task/task'
import type { LateError } from '../worker/left-behind'
import type { Gone } from './worker-handle'

/** What tasks of one worker have left behind: errors that came when they were over, and nothing caught. */
export class LateErrors {
  /** Whose error has ended the worker, in words. */
  #fatal: string | undefined

  /**
   * Warns of one: a program that forgot an `await` would not know of it, because the task has its result.
   *
   * @param call the id of the one whose tasks run now
   */
  warnOf(error: LateError, call: number | undefined): void {
    warn(`Nothing caught ${whose(error, call)}, ${error.what}`, mapStack(error.stack))
  }

  /** One ends the worker. */
  noteFatal(error: LateError, call: number | undefined): void {
    this.#fatal = whose(error, call)
  }

  /** How a worker ended, with the task that is to blame when it was such an error. */
  reasonOf(how: Gone): Gone {
    // Without a cause it was not that, after all: somebody has caught it.
    if (this.#fatal === undefined || how.cause === undefined) return how
    return { ...how, reason: `${this.#fatal} ended it`, isLate: true }
  }

  /** Warns of a worker that an error ended while no task ran, if that was not told already: nobody knows whose it was. */
  warnOfEnd({ cause, reason }: Gone): void {
    if (cause === undefined || this.#fatal !== undefined) return
    const { stack = '' } = Object(cause) as { stack?: unknown } // Node's copy of an error is none by brand
    warn(`A worker is lost, after the end of the task that is to blame: ${reason}`, String(stack))
  }
}

function whose({ call: ofCall, index, name }: LateError, call: number | undefined): string {
  const who = index === INITIALIZER ? 'the initializer' : `task ${index}`
  const ofWhich = call === undefined || call === ofCall ? '' : ' of another call'
  return `an error that ${who}${name === '' ? '' : ` (${name})`}${ofWhich} had left behind`
}

function warn(message: string, detail: string): void {
  process.emitWarning(message, { type: 'ParforWarning', code: 'PARFOR_LATE_ERROR', detail })
}
