// The far end of a thread: scripts/build.mjs makes one file of this and all that it imports.
import { workerData } from 'node:worker_threads'
import { setOnLimited } from '../../config/nested'
import { reach } from '../../manager/reach'
import { setCallHere } from '../../serialization/call-names'
import { setManagedAt } from '../../serialization/managed'
import type { Transfers } from '../../serialization/wire'
import { type Response, UNREADABLE, Words } from '../../worker/protocol'
import { serve } from '../../worker/serve'
import { withoutItsListeners } from './own-listeners'
import { countPrinted } from './printed'
import type { ThreadData } from './thread-handle'

const { port, words, entry, caller } = (workerData as { parfor: ThreadData }).parfor
if (entry !== '') process.argv[1] = entry
const printed = countPrinted([process.stdout, process.stderr])
const post = (response: Response, transfers: Transfers = []) => {
  const before = printed()
  if (before) port.postMessage(before)
  port.postMessage(response, transfers)
}
const server = serve({ words, post })
setManagedAt((address) => reach(address))
setCallHere(() => {
  const call = server.call()
  return call && { caller, ...call }
})
setOnLimited((reason) => post({ kind: 'limited', reason }))

process.on('uncaughtException', function onUncaught(error: unknown) {
  // A task looks after such errors itself.
  if (process.listenerCount('uncaughtException') > 1) return
  server.uncaught(error, () => {
    if (process.listenerCount('uncaughtException') > 1) return
    // As if nobody had listened.
    process.off('uncaughtException', onUncaught)
    process.nextTick(() => {
      throw error
    })
  })
})

port.on('message', (request) => server.handle(request))
port.on('messageerror', (error) => {
  Atomics.store(words, Words.opened, UNREADABLE)
  throw error
})
process.on('exit', () => server.flush())

// Behind the first task, which waits already. npm `threads` swallows what nothing caught. Without its listeners the thread
// ends, and the caller is told why.
setImmediate(() =>
  withoutItsListeners(['uncaughtException', 'unhandledRejection'], () => {
    const { expose } = require('threads/worker') as typeof import('threads/worker')
    expose({ ping: () => true })
  }),
)
