import type { OnOutcome, ParallelBackend } from '../../lib/backend'
import type { Batch, Call, Outcome } from '../../lib/task/task'

/** A batch that was sent to a manual backend. */
export interface SentBatch {
  readonly batch: Batch
  readonly signal: AbortSignal
  /** The first arguments of its tasks. */
  readonly args: unknown[]
  /** Reports the next outcome. */
  report(outcome: Outcome): void
  /** Reports a value for every task, and ends the batch after `duration` milliseconds of the worker. */
  complete(values: unknown[], duration?: number): Promise<void>
  /** Reports that the next task failed. */
  fail(reason: unknown): Promise<void>
  /** Ends the batch: what `submit` promised. */
  finish(duration?: number): Promise<void>
  /** No worker can be had. */
  lose(error: unknown): Promise<void>
  readonly onOutcome: OnOutcome
}

/** A backend whose batches complete when the spec says so, in the order the spec says. */
export function manualBackend(overrides: Partial<ParallelBackend> = {}) {
  const sent: SentBatch[] = []
  const endedCalls: Call[] = []
  const events: string[] = []

  const backend: ParallelBackend = {
    name: 'manual',
    supportsSharedMemory: true,
    effectiveNJobs: (nJobs) => nJobs,
    open: async (nJobs) => {
      events.push(`open ${nJobs}`)
    },
    close: async (options) => {
      events.push(options?.force ? 'close with force' : 'close')
    },
    endCall: (call) => {
      endedCalls.push(call)
    },
    submit: (batch, onOutcome, signal) =>
      new Promise((resolve, reject) => {
        let reported = 0
        const one: SentBatch = {
          batch,
          signal,
          onOutcome,
          args: batch.tasks.map(({ args }) => args[0]),
          report: (outcome) => onOutcome(batch.start + reported++, outcome, 7),
          async complete(values, duration) {
            for (const value of values) one.report({ status: 'fulfilled', value })
            await one.finish(duration)
          },
          async fail(reason) {
            one.report({ status: 'rejected', reason })
            await settled()
          },
          async finish(duration = 1) {
            resolve({ duration })
            await settled()
          },
          async lose(error) {
            reject(error)
            await settled()
          },
        }
        sent.push(one)
      }),
    ...overrides,
  }
  return { backend, sent, endedCalls, events }
}

/** Resolves when all that can run without new input has run, such as what the argument has just set off. */
export async function settled(_setOff?: unknown): Promise<void> {
  // Two turns: what is put off by one `setImmediate`, is done in the second.
  for (let turn = 0; turn < 2; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
}
