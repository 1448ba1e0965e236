/** A way to call a function for many items. Every file in this folder exports one. */
export interface Peer {
  readonly name: string
  /** Resolves when the workers can take items. `fn` captures nothing: rivals get it as text. */
  open(fn: (item: number) => number, workers: number): Promise<Pool>
}

export interface Pool extends AsyncDisposable {
  /** The results, in the order of the items. */
  map(items: Iterable<number>): Promise<number[]>
}
