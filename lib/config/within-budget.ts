import type { Place } from '../task/task'
import { isRegistered } from './backend-names'
import { type Share, takeShare, WORTH_HAVING } from './budget'
import { currentNested } from './nested'
import type { WorkerEvent } from './options'
import type { Settings } from './settings'

type Limited = WorkerEvent & { readonly reason: string }

/** What a call has of what it asks for. */
export interface Granted {
  readonly settings: Settings
  /** The places for its workers, to be given back when they are gone; a call outside of tasks needs none. */
  readonly share?: Share
  /** It has less than it asks for. */
  readonly limited?: Limited
}

/**
 * Workers for a call: all that it asks for, unless it is made inside a task that runs on a worker. Then it has its share
 * of those of the outermost call that nobody uses; when that is one, it has it only if a backend was named.
 *
 * @param isNamed whether the user named a backend
 */
export function withinBudget(asked: Settings, isNamed: boolean): Granted {
  const place = currentNested()?.place
  if (place === undefined || asked.backend === 'sequential') return { settings: asked }
  const share = takeShare(place, asked.nJobs)
  if (share.size >= (isNamed ? 1 : WORTH_HAVING)) {
    const settings = { ...asked, nJobs: share.size }
    return { settings, share, ...(share.size < asked.nJobs && { limited: limited(place, asked, share.size) }) }
  }
  share.release()
  const isTheirs = typeof asked.backend !== 'string' || (isNamed && isRegistered(asked.backend))
  const backend = isTheirs ? asked.backend : 'sequential'
  return { settings: { ...asked, nJobs: 1, backend }, limited: limited(place, asked, 0) }
}

function limited({ workerId }: Place, { nJobs }: Settings, workers: number): Limited {
  const has = workers === 0 ? 'runs in the thread of its task, where nothing can end it' : `has ${workers} of them`
  const reason = `a call inside a task asks for ${nJobs} workers and ${has}: the outermost call has no more to spare`
  return { type: 'limited', workerId, reason }
}
