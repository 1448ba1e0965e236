/*
 * What comes of a call, however it gives its results.
 */

export const kinds = ['list', 'generator', 'generator_unordered'] as const
export const generators = ['generator', 'generator_unordered'] as const

export type Results<R = unknown> = AsyncGenerator<R, void, undefined>
export type Call<R = unknown> = Promise<R[]> | Results<R>

/** All results, in the order in which they come, and the error that ends the call, if one does. */
export async function outcome<R>(call: Call<R>): Promise<{ values: R[]; error?: unknown }> {
  const values: R[] = []
  try {
    if ('then' in call) return { values: await call }
    for await (const value of call) values.push(value)
    return { values }
  } catch (error) {
    return { values, error }
  }
}

/** All results of a call that is to have no error. */
export async function all<R>(call: Call<R>): Promise<R[]> {
  const { values, ...failed } = await outcome(call)
  if ('error' in failed) throw failed.error
  return values
}

/** The error of a call that is to have one. */
export async function errorOf(call: Call): Promise<unknown> {
  const { values, ...failed } = await outcome(call)
  if ('error' in failed) return failed.error
  throw new Error(`It gave ${values.length} results, and no error`)
}

/** Results by the number of their task, where they may come in any order; as they came, where they may not. */
export function inOrder<R>(values: R[], returnAs: (typeof kinds)[number], numberOf = Number as (value: R) => number) {
  return returnAs === 'generator_unordered' ? [...values].sort((a, b) => numberOf(a) - numberOf(b)) : values
}
