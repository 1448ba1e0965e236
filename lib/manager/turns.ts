/** Takes steps one behind the other: each at once, unless one before it takes its time. */
export class Turns {
  #last: Promise<void> | undefined

  /** @param step - Throws nothing, and does not reject. */
  take(step: () => Promise<void> | void): void {
    const turn = this.#last === undefined ? step() : this.#last.then(step)
    if (turn === undefined) return
    this.#last = turn
    void turn.then(() => {
      if (this.#last === turn) this.#last = undefined
    })
  }
}
