/** A way to call a function for many items. Every file in this folder exports one. */
export interface Peer {
  readonly name: string
  /** Starts the workers. `fn` captures nothing: rivals get it as text. */
  open<T, R>(fn: (item: T) => R, workers: number): Promise<Pool<T, R>>
}

export interface Pool<T, R> extends AsyncDisposable {
  /** The results, in the order of the items. */
  map(items: Iterable<T>): Promise<R[]>
}
