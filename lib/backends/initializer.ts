import { InitializerError, initializerFailed, type ParforError, SerializationError } from '../errors'
import { type Batch, type Call, INITIALIZER, type Outcome, type Task } from '../task/task'
import type { OutgoingCall } from './outgoing-call'
import { cannotStart, type WorkerClient } from './worker-client'
import { Lost, WorkerRun } from './worker-run'

/** Workers that have run the initializer that they were taken for. */
const initialized = new WeakSet<WorkerClient>()

/**
 * Lets a worker run the initializer, unless it has.
 *
 * @returns why the worker cannot be used
 */
export async function initialize(
  worker: WorkerClient,
  initializer: Task,
  call: OutgoingCall,
  nested: Call['nested'],
): Promise<ParforError | undefined> {
  if (initialized.has(worker)) return undefined
  const batch: Batch = { call: { nested }, start: INITIALIZER, tasks: [initializer], isLast: false }
  const outcomes: Outcome[] = []
  const run = new WorkerRun(worker.handle.words, call, batch, [0], (_, outcome) => void outcomes.push(outcome))
  const result = await worker.run(run)
  if (result instanceof Lost) {
    if (!worker.isReady) return cannotStart(result.how)
    const { reason, cause } = result.how
    return new InitializerError(`The initializer lost its worker: ${reason}`, { cause })
  }
  const [outcome] = outcomes
  if (outcome?.status === 'rejected' && !isAboutResult(outcome.reason)) return initializerFailed(outcome.reason)
  if (outcome) initialized.add(worker)
  worker.tasks = 0 // it has run none of anybody's yet
  return undefined
}

/** It ran, and what it returned cannot be sent: nobody asks for that. */
function isAboutResult(reason: unknown): boolean {
  return reason instanceof SerializationError && reason.side === 'result' && reason.path.startsWith('result')
}
