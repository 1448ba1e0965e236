import type { Gone, WorkerHandle } from '../../lib/backends/worker-handle'
import { readerOf } from '../../lib/serialization/columns'
import { Outbox, sharedWords } from '../../lib/worker/outbox'
import {
  ENDED,
  type Outcomes,
  type Request,
  type Response,
  type RunBatch,
  turnOf,
  Words,
} from '../../lib/worker/protocol'

/** A worker that runs nothing: the spec reads what it was sent, and says what it answers and what its words tell. */
export interface SilentWorker extends WorkerHandle {
  readonly requests: readonly Request[]
  /** The batches among them, and what the limit was when each was sent. */
  readonly batches: readonly RunBatch[]
  readonly limits: readonly number[]
  /** The first argument of each task, batch by batch. */
  readonly args: readonly (readonly unknown[])[]
  /** Whether it keeps the process alive. */
  readonly isRef: boolean
  /** What comes of posting, instead of a message: an error is thrown. */
  refuse: Error | undefined
  start(): Promise<void>
  /** It runs the task at this place of the batch that it was sent last. */
  begin(at: number): void
  /** It has been through that batch. */
  end(): void
  /** It holds outcomes back, the first for the task at this place. */
  hold(at: number, ...values: unknown[]): void
  /** Outcomes of the batch that it was sent last; with a duration, its last. */
  answer(from: number, values: readonly unknown[], more?: Partial<Outcomes>): void
  respond(response: Response): void
  /** Says that it cannot make what the batch needs. */
  refuseBatch(module?: { require: string }): void
  /** Keeps what it sends on the way, until it is asked for. */
  isSlow: boolean
  /** A message of it cannot be read. */
  garble(): void
  die(how?: Partial<Gone>): void
}

export function silentWorker(): SilentWorker {
  const words = sharedWords()
  const outbox = new Outbox(words)
  const requests: Request[] = []
  const limits: number[] = []
  const onTheWay: Response[] = []
  let isRef = false
  let respond: (response: Response) => void = () => {}
  let garbled: (error: Error) => void = () => {}
  let tellGone: (how: Gone) => void = () => {}
  let isGone = false
  let started = () => {}
  const ready = new Promise<void>((resolve) => {
    started = resolve
  })
  const batches = () => requests.flatMap((request) => (request.kind === 'run' ? [request.batch] : []))
  const last = () => batches().at(-1)?.id as number

  const worker: SilentWorker = {
    id: 3,
    words,
    ready,
    requests,
    limits,
    refuse: undefined,
    isSlow: false,
    get batches() {
      return batches()
    },
    get args() {
      return batches().map(firstArguments)
    },
    get isRef() {
      return isRef
    },
    post(request) {
      if (worker.refuse) throw worker.refuse
      requests.push(structuredClone(request))
      if (request.kind === 'run') limits.push(Atomics.load(words, Words.limit + turnOf(request.batch.id)))
    },
    setRef(isNeeded) {
      isRef = isNeeded
    },
    async start() {
      started()
      await ready
    },
    begin(at) {
      Atomics.store(words, Words.opened, last())
      Atomics.store(words, Words.heldOf, last())
      const own = turnOf(last())
      Atomics.store(words, Words.batch + own, last())
      Atomics.store(words, Words.running + own, at + 1)
    },
    end() {
      const running = Words.running + turnOf(last())
      Atomics.store(words, running, ENDED + Atomics.load(words, running))
    },
    hold(at, ...values) {
      outbox.clear()
      for (const value of values) outbox.add(at, { values: [value] })
    },
    answer(from, values, more) {
      const results = values.map((value) => ({ values: [value] }))
      worker.respond({ kind: 'outcomes', outcomes: { batch: last(), from, results, ...more } })
    },
    refuseBatch: (module) =>
      worker.respond({ kind: 'refused', refusal: { batch: last(), module, why: 'there is no such thing' } }),
    respond(response) {
      onTheWay.push(response)
      if (!worker.isSlow) worker.deliver()
    },
    deliver() {
      for (const response of onTheWay.splice(0)) respond(response)
    },
    garble: () => garbled(new Error('unreadable')),
    die(how = {}) {
      if (isGone) return
      isGone = true
      tellGone({ exitCode: 1, reason: 'it exited with code 1', ...how })
    },
    async terminate() {},
    onResponse(listen) {
      respond = listen
    },
    onGarbled(listen) {
      garbled = listen
    },
    onGone(listen) {
      tellGone = listen
    },
  }
  return worker
}

/** The first argument of each task of a batch. */
export function firstArguments({ tasks }: RunBatch): unknown[] {
  if ('columns' in tasks) {
    const read = readerOf(tasks.columns[0] ?? { same: undefined })
    return Array.from({ length: tasks.count }, (_, row) => read(row))
  }
  return tasks.map(({ args }) => ('values' in args ? args.values[0] : args))
}
