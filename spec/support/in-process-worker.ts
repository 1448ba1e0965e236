import { AsyncResource } from 'node:async_hooks'
import type { Gone, WorkerHandle } from '../../lib/backends/worker-handle'
import { enterContext } from '../../lib/worker/left-behind'
import { sharedWords } from '../../lib/worker/outbox'
import type { Request, Response } from '../../lib/worker/protocol'
import { serve } from '../../lib/worker/serve'

/** A worker in this thread: what it is sent and sends is copied, and it starts, works and dies when the spec says so. */
export interface InProcessWorker extends WorkerHandle {
  /** Batches that it was sent. */
  readonly requests: readonly Request[]
  /** Lets it start; before, requests wait. */
  start(): void
  /** Ends it from its own side. */
  die(how?: Partial<Gone>): void
  readonly isEnded: boolean
  /** Keeps what it sends on the way, until it is asked for. */
  isSlow: boolean
  /** Whether it keeps the process alive. */
  readonly isRef: boolean
  /** An error comes that a task of earlier has left behind. */
  spoil(): void
}

export function inProcessWorker(id: number): InProcessWorker {
  const words = sharedWords()
  const requests: Request[] = []
  const waiting: Request[] = []
  let state: 'starting' | 'started' | 'ended' = 'starting'
  let isRef = false
  const onTheWay: Response[] = []
  let respond: (response: Response) => void = () => {}
  let tellGone: (how: Gone) => void = () => {}
  let started = () => {}
  let failed = (_: Error) => {}
  const ready = new Promise<void>((resolve, reject) => {
    started = resolve
    failed = reject
  })
  ready.catch(() => {})
  const server = serve({
    words,
    post: (response) => {
      if (state !== 'started') return
      onTheWay.push(structuredClone(response))
      if (!worker.isSlow) worker.deliver()
    },
  })

  const end = (how: Gone) => {
    if (state === 'ended') return
    if (state === 'starting') failed(new Error(how.reason))
    state = 'ended'
    tellGone(how)
  }
  const worker: InProcessWorker = {
    id,
    isSlow: false,
    words,
    ready,
    requests,
    get isEnded() {
      return state === 'ended'
    },
    get isRef() {
      return isRef
    },
    post(request) {
      if (request.kind === 'run') requests.push(request)
      const copy = structuredClone(request)
      if (state === 'starting') waiting.push(copy)
      else server.handle(copy)
    },
    setRef(isNeeded) {
      isRef = isNeeded
    },
    start() {
      state = 'started'
      started()
      for (const request of waiting.splice(0)) server.handle(request)
    },
    spoil() {
      const late = new AsyncResource('what it left behind')
      late.runInAsyncScope(() => {
        enterContext({ call: 0, index: 0, name: 'earlier' })
        server.uncaught(new Error('late'), () => worker.die())
      })
    },
    die: (how = {}) => end({ exitCode: 1, reason: 'it exited with code 1', ...how }),
    async terminate() {
      end({ exitCode: 1, reason: 'it was ended' })
    },
    onResponse(listen) {
      respond = listen
    },
    deliver() {
      for (const response of onTheWay.splice(0)) respond(response)
    },
    onGarbled() {},
    onGone(listen) {
      tellGone = listen
    },
  }
  return worker
}
