// The far end of a thread: scripts/build.mjs makes one file of this and all that it imports.
import { workerData } from 'node:worker_threads'
import { expose } from 'threads/worker'
import type { Response } from '../../worker/protocol'
import { serve } from '../../worker/serve'
import type { ThreadData } from './thread-handle'

const { port, words } = (workerData as { parfor: ThreadData }).parfor
const server = serve({ words, post: (response: Response) => port.postMessage(response) })

port.on('message', (request) => server.handle(request))
process.on('exit', () => server.flush())

// npm `threads` swallows what nothing caught; without its listeners the caller is told, and which task it was.
const events = ['uncaughtException', 'unhandledRejection'] as const
const before = events.map((event) => new Set<unknown>(process.listeners(event as never)))
expose({ ping: () => true })
for (const [n, event] of events.entries())
  for (const listener of process.listeners(event as never) as (() => void)[])
    if (!before[n]?.has(listener)) process.off(event, listener)
