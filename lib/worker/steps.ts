/** What is done step by step: it gives what is to be waited for, and goes on behind that. */
export type Steps = Generator<PromiseLike<unknown>, void, unknown>

/** Goes through steps that say what they wait for; a promise only when they do. */
export function goThrough(steps: Steps): Promise<void> | undefined {
  const first = steps.next()
  return first.done ? undefined : goOn(steps, first.value)
}

async function goOn(steps: Steps, first: PromiseLike<unknown>): Promise<void> {
  let waiting = first
  for (;;) {
    let step: IteratorResult<PromiseLike<unknown>, void>
    try {
      step = steps.next(await waiting)
    } catch (error) {
      // It is thrown on when it came out of the steps themselves.
      step = steps.throw(error)
    }
    if (step.done) return
    waiting = step.value
  }
}
