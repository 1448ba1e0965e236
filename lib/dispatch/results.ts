import type { Receiver } from './dispatch'

/** A list of results in the making. */
export interface ListOfResults extends Receiver {
  /** One result per task, in the order of the tasks: values, or settled results. Rejects as the call fails. */
  readonly list: Promise<unknown[]>
}

/**
 * Collects the completions of a call into a list.
 *
 * @param settled - Whether the list holds settled results rather than values.
 * @param onCompletion - Is told of each completion first.
 */
export function collectList(
  settled: boolean,
  onCompletion?: (failed: boolean, total: number | undefined) => void,
): ListOfResults {
  const results: unknown[] = []
  let resolve: (results: unknown[]) => void
  let reject: (error: unknown) => void
  const list = new Promise<unknown[]>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })

  return {
    list,

    completed(index, outcome, total) {
      // Filled up to the index, since an array with a gap of some thousand would be turned into a slow hash table.
      while (results.length <= index) results.push(undefined)
      results[index] = settled || outcome.status === 'rejected' ? outcome : outcome.value
      onCompletion?.(outcome.status === 'rejected', total)
    },

    ended: () => resolve(results),
    failed: (error) => reject(error),
  }
}
