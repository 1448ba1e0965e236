import type { Transfers } from '../serialization/wire'
import type { Request, Response } from '../worker/protocol'

/** One worker as a transport shows it. */
export interface WorkerHandle {
  readonly id: number
  /** See `Words`. */
  readonly words: Int32Array
  /** Tells now of all that has come and waits: before a decision that it might change. */
  deliver(): void
  /** Settles when the worker can run tasks, or cannot be had. Requests may be posted before. */
  readonly ready: Promise<void>
  /** @param transfers buffers that the request takes along */
  post(request: Request, transfers?: Transfers): void
  /** Whether the worker keeps the process alive. */
  setRef(isNeeded: boolean): void
  /** Ends the worker now, whatever it does; resolves when it is gone. */
  terminate(): Promise<void>
  onResponse(listen: (response: Response) => void): void
  /** Called when a response has come that cannot be read. */
  onGarbled(listen: (error: Error) => void): void
  /** Called once, when the worker is gone, whoever ended it. */
  onGone(listen: (how: Gone) => void): void
}

/** How a worker ended. */
export interface Gone {
  readonly exitCode: number | undefined
  readonly signal?: string
  /** In words: `it exited with code 3`. */
  readonly reason: string
  readonly cause?: unknown
  /** Whether it was an error that a task had left behind which was over. */
  readonly isLate?: boolean
}
