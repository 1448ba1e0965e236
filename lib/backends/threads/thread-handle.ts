import { MessageChannel, type MessagePort, receiveMessageOnPort, threadId } from 'node:worker_threads'
import type { Thread } from 'threads'
import type { WorkerOptions } from '../../config/options'
import { debug } from '../../debug'
import { entryPath } from '../../serialization/functions/entry'
import type { Transfers } from '../../serialization/wire'
import { sharedWords } from '../../worker/outbox'
import type { Request, Response } from '../../worker/protocol'
import { workerEntry } from '../worker-entry'
import type { Gone, WorkerHandle } from '../worker-handle'
import { npmThreads, SpawnableWorker } from './npm-threads'
import type { Printed } from './printed'
import { ThreadOutput } from './thread-output'

/** What a thread is started with: `workerData.parfor`. */
export interface ThreadData {
  readonly port: MessagePort
  readonly words: Int32Array
  /** The program's entry, which no worker imports. */
  readonly entry: string
  /** The thread that has started it. */
  readonly caller: number
}

/**
 * One thread. npm `threads` starts it and tells when it is there; batches go over a port of our own, an array of
 * tasks to a message.
 */
export class ThreadHandle implements WorkerHandle {
  static #lastId = 0
  readonly id = ++ThreadHandle.#lastId
  readonly words = sharedWords()
  readonly ready: Promise<void>
  readonly #worker: SpawnableWorker
  #thread: Thread | undefined
  readonly #port: MessagePort
  readonly #exited: Promise<void>
  readonly #output: ThreadOutput
  /** What has come and waits until what was printed before is shown. */
  #inbox: (Response | Printed)[] = []
  #gone: Gone | undefined
  #listen: (response: Response) => void = () => {}
  #onGarbled: (error: Error) => void = () => {}
  #onGone: (how: Gone) => void = () => {}
  #error: unknown
  #isEnding = false

  constructor({ env, execArgv, resourceLimits }: WorkerOptions) {
    const { port1, port2 } = new MessageChannel()
    const entry = workerEntry()
    const data: ThreadData = { port: port2, words: this.words, entry: entryPath(), caller: threadId }
    this.#worker = new SpawnableWorker('file' in entry ? entry.file : entry.source, {
      eval: 'source' in entry,
      workerData: { parfor: data },
      transferList: [port2],
      name: 'parfor',
      // What the program was called with, for tasks that read it.
      argv: process.argv.slice(2),
      ...(env && { env }),
      ...(execArgv && { execArgv: [...execArgv] }),
      ...(resourceLimits && { resourceLimits }),
    })
    this.#port = port1
    const { stdout, stderr } = this.#worker
    this.#output = new ThreadOutput(
      [
        [stdout, process.stdout],
        [stderr, process.stderr],
      ],
      () => this.#deliver(),
    )
    this.#worker.on('error', (error) => {
      this.#error = error
    })
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (exitCode) => {
        debug.workers('thread %d is gone, exit code %d', this.id, exitCode)
        this.#lose(exitCode)
        resolve()
      })
    })
    this.ready = this.#start()
    this.ready.catch(() => {}) // told by onGone, too
    this.setRef(false)
  }

  post(request: Request, transfers: Transfers = []): void {
    this.#port.postMessage(request, transfers)
  }

  setRef(isNeeded: boolean): void {
    // The end of a thread that is ended keeps the process alive.
    if (this.#gone || this.#isEnding) return
    if (isNeeded) {
      this.#worker.ref()
      this.#port.ref()
    } else {
      this.#worker.unref()
      this.#port.unref()
    }
  }

  async terminate(): Promise<void> {
    this.#isEnding = true
    const ended = this.#thread ? npmThreads().Thread.terminate(this.#thread) : this.#worker.terminate()
    await Promise.all([ended, this.#exited])
  }

  onResponse(listen: (response: Response) => void): void {
    this.#listen = listen
    this.#port.on('message', (message: Response | Printed) => {
      this.#inbox.push(message)
      this.#deliver()
    })
    this.#port.unref()
  }

  onGarbled(listen: (error: Error) => void): void {
    this.#onGarbled = listen
    this.#port.on('messageerror', listen)
  }

  onGone(listen: (how: Gone) => void): void {
    this.#onGone = listen
  }

  deliver(): void {
    this.#output.finish()
    this.#receive()
    this.#deliver(true)
  }

  async #start(): Promise<void> {
    const gone = this.#exited.then(() => {
      throw new Error(this.#gone?.reason)
    })
    // Not `spawn()` at once: its timer would outlive a worker that ends before it has started.
    await Promise.race([this.#worker.hasStarted, gone])
    this.#thread = await npmThreads().spawn(this.#worker as never)
    debug.workers('thread %d has started', this.id)
  }

  /** What has come and waits in the port. */
  #receive(): void {
    for (;;) {
      try {
        const received = receiveMessageOnPort(this.#port)
        if (received === undefined) return
        this.#inbox.push(received.message as Response | Printed)
      } catch (error) {
        // It cannot be read, and is gone from the port; the next one may be all right.
        this.#onGarbled(error as Error)
      }
    }
  }

  /** @param isUrgent whether it waits no longer for what was printed before */
  #deliver(isUrgent = false): void {
    for (let message = this.#inbox[0]; message; message = this.#inbox[0]) {
      if (message.kind === 'printed' && !isUrgent && !this.#output.hasShown(message.bytes)) return
      this.#inbox.shift()
      if (message.kind !== 'printed') this.#listen(message)
    }
  }

  #lose(exitCode: number): void {
    // What it posted before it ended may still wait: that comes first.
    this.deliver()
    this.#port.close()
    this.#gone = { exitCode, reason: this.#reason(exitCode), cause: this.#error }
    this.#onGone(this.#gone)
  }

  #reason(exitCode: number): string {
    const error = this.#error
    if (error instanceof Error || (typeof error === 'object' && error !== null && 'message' in error)) {
      const { code, name, message } = error as NodeJS.ErrnoException
      if (code === 'ERR_WORKER_OUT_OF_MEMORY') return 'it ran out of memory'
      return `an error that nothing caught ended it, ${name}: ${message}`
    }
    if (error !== undefined) return `${String(error)} was thrown and nothing caught it`
    return this.#isEnding ? 'it was ended' : `it exited with code ${exitCode}`
  }
}
