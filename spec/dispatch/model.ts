/** What happens to a call. */
export type Event =
  | { is: 'taken' | 'input ended' | 'batch sent' | 'batch finished' | 'asked' | 'left' }
  | { is: 'input failed' | 'aborted'; error: unknown }
  | { is: 'outcome'; index: number; outcome: PromiseSettledResult<unknown> }

export interface Kind {
  readonly returnAs: 'list' | 'generator' | 'generator_unordered'
  readonly settles: boolean
}

type End = { is: 'done' } | { is: 'failed'; error: unknown }

/** The reference model of a call: what it has to give, after each event. It knows nothing of windows and batch sizes. */
export class Model {
  /** To each time that a generator was asked, as far as it can be answered. */
  readonly answers: PromiseSettledResult<IteratorResult<unknown>>[] = []
  /** What is ready to be given: for a list, all of it. */
  ready: unknown[] = []
  end: End | undefined
  readonly #kind: Kind
  readonly #early = new Map<number, unknown>()
  #inputFailure: { readonly error: unknown } | undefined
  #isInputOver = false
  #counts = { taken: 0, completed: 0, inOrder: 0, batchesOut: 0, unanswered: 0 }

  constructor(kind: Kind) {
    this.#kind = kind
  }

  step(event: Event): void {
    if (event.is === 'asked') this.#counts.unanswered += 1
    else if (event.is === 'left') this.#stop({ is: 'done' })
    else if (event.is === 'aborted') {
      // As long as something is to be given: the first error stays, and so does what was all given.
      const isGiven = this.#kind.returnAs === 'list' || this.ready.length === 0
      if (this.end === undefined || (this.end.is === 'done' && !isGiven))
        this.#stop({ is: 'failed', error: event.error })
    } else if (this.end === undefined) this.#go(event)
    this.#answer()
  }

  #go(event: Event): void {
    const { returnAs, settles } = this.#kind
    const counts = this.#counts
    if (event.is === 'taken') counts.taken += 1
    if (event.is === 'batch sent') counts.batchesOut += 1
    if (event.is === 'batch finished') counts.batchesOut -= 1
    if (event.is === 'input ended' || event.is === 'input failed') this.#isInputOver = true
    if (event.is === 'input failed') {
      this.#inputFailure = event
      // In order, what the input gave before it failed comes before the error.
      if (returnAs !== 'generator') this.end = { is: 'failed', error: event.error }
    }
    if (event.is === 'outcome') {
      const { index, outcome } = event
      counts.completed += 1
      if (settles || outcome.status === 'fulfilled')
        this.#early.set(
          returnAs === 'generator_unordered' ? counts.completed - 1 : index,
          settles || outcome.status === 'rejected' ? outcome : outcome.value,
        )
      else this.end = { is: 'failed', error: outcome.reason }
      for (; this.#early.has(counts.inOrder); counts.inOrder += 1) this.ready.push(this.#early.get(counts.inOrder))
    }
    if (this.end === undefined && this.#isInputOver && counts.batchesOut === 0 && counts.completed === counts.taken)
      this.end = this.#inputFailure ? { is: 'failed', error: this.#inputFailure.error } : { is: 'done' }
  }

  #stop(end: End): void {
    this.ready = []
    this.end = end
  }

  #answer(): void {
    for (; this.#counts.unanswered > 0; this.#counts.unanswered -= 1) {
      if (this.ready.length > 0)
        this.answers.push({ status: 'fulfilled', value: { value: this.ready.shift(), done: false } })
      else if (this.end === undefined) return
      else if (this.end.is === 'failed') {
        this.answers.push({ status: 'rejected', reason: this.end.error })
        this.end = { is: 'done' }
      } else this.answers.push({ status: 'fulfilled', value: { value: undefined, done: true } })
    }
  }
}
