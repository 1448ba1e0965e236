import { AsyncResource } from 'node:async_hooks'
import { setNestedOfThread } from '../config/nested'
import type { Received } from '../serialization/receiver'
import { sharedNow } from '../system/clock'
import type { Place } from '../task/task'
import { BatchRun, type Line } from './batch-run'
import { lateError, taskOfContext } from './left-behind'
import { OpenCall } from './open-call'
import { Outbox } from './outbox'
import { type Request, type RunBatch, Words } from './protocol'

/** Milliseconds that a task has to end when another one's error would end its thread. */
const PATIENCE = 1000

/** After so many milliseconds in one turn of the event loop, what earlier tasks have left to be done is done before the next batch. */
const LONGEST_TURN = 50

/** After so many it is worth to know when the turn ends. */
const WORTH_TELLING = 1

export interface Server {
  handle(request: Request): void
  /** Posts what is held back: for a worker that is about to exit. */
  flush(): void
  /** The call whose task runs, or ran last, and what has come in it. */
  call(): { readonly id: number; readonly received: Received } | undefined
  /**
   * Something was thrown that nothing caught. When it is known to be of a task that is over, the caller is told.
   *
   * @param end - Ends this thread. Called at once, or when the task that runs has had its time to end.
   */
  uncaught(error: unknown, end: () => void): void
}

/**
 * Serves one caller: requests in, outcomes out. Batches run one after the other, and their tasks too: whoever wants
 * more at once takes more workers.
 */
export function serve(line: Line): Server {
  const calls = new Map<number, OpenCall>()
  const outbox = new Outbox(line.words)
  /** What has to be waited for before the next request; most batches have run when their message is read. */
  let turn: Promise<void> | undefined
  let running: BatchRun | undefined
  let level = 1
  let place: Place | undefined
  const isLongTurn = turnTimer()

  const begin = (request: Exclude<Request, { kind: 'coming' }>): Promise<void> | undefined => {
    if (request.kind === 'run') return isLongTurn() ? nextTurn().then(() => run(request.batch)) : run(request.batch)
    if (request.kind === 'end') forget(request.calls)
    else running?.reportEnd(request.batch)
    return undefined
  }
  const run = (batch: RunBatch): Promise<void> | undefined => {
    // Sent before its caller could know that this worker is not to go on.
    const isSpoiled = running?.isSpoiled === true
    if (batch.over) forget(batch.over)
    level = batch.level ?? level
    place = batch.place ?? place
    // Before anything is imported: a module that is parallel itself is part of the call. Left behind, for timers.
    setNestedOfThread({ level, place })
    running = new BatchRun(batch, callOf(batch.call), line, outbox, isSpoiled)
    // What brings messages is the same for all: what a task enters (`AsyncLocalStorage.enterWith`) is to end with its batch.
    return new AsyncResource('parfor').runInAsyncScope(running.run, running)
  }
  const forget = (over: readonly number[]) => {
    for (const id of over) {
      calls.delete(id)
      // It holds what its tasks were called with, and an idle worker may stay for long.
      if (running?.call === id) running = undefined
    }
  }
  const callOf = (id: number): OpenCall => {
    let call = calls.get(id)
    if (!call) {
      call = new OpenCall()
      calls.set(id, call)
    }
    return call
  }

  return {
    handle(request) {
      if (request.kind === 'coming') {
        // Not in turn: it says that this worker is there.
        Atomics.store(line.words, Words.opened, request.batch)
        return
      }
      const after = turn === undefined ? begin(request) : turn.then(() => begin(request))
      if (after === undefined) return
      const own = after.then(() => {
        if (turn === own) turn = undefined
      })
      turn = own
    },
    flush: () => running?.post(),
    call() {
      const open = running && calls.get(running.call)
      return running && open && { id: running.call, received: open.received }
    },
    uncaught(thrown, end) {
      const task = taskOfContext()
      if (task === undefined || task === running?.task) return end()
      const error = lateError(task, thrown)
      line.post({ kind: 'late', error })
      const endForIt = () => {
        line.post({ kind: 'fatal', error })
        end()
      }
      if (running?.goesOn()) setTimeout(endForIt, PATIENCE).unref()
      else endForIt()
    },
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/**
 * Tells whether messages have been read for long in this turn of the event loop: those that wait follow each other in the
 * same one. What would tell of its end is asked for only when some time has gone by: that costs more than a small batch.
 */
function turnTimer(): () => boolean {
  let began = Number.NEGATIVE_INFINITY
  let isEndAwaited = false
  return () => {
    const now = sharedNow()
    if (isEndAwaited) return now - began > LONGEST_TURN
    if (now - began < WORTH_TELLING) return false
    // Perhaps the turn is another one already.
    began = now
    isEndAwaited = true
    setImmediate(() => {
      isEndAwaited = false
    })
    return false
  }
}
