// Every spec file must end with no worker thread and no child process alive that it made.

// Loaded first, so that Node holds its channels: Node 20 can take one that was collected as garbage, and its subscribers,
// for that of the same name that was made since (nodejs/node#59910), and then nobody hears of a thread.
import 'node:child_process'
import 'node:worker_threads'
import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'

const alive = new Map<object, string>()
const onThread = (message: unknown): void => {
  const { worker } = message as { worker: Worker }
  alive.set(worker, `thread ${worker.threadId}`)
  worker.once('exit', () => alive.delete(worker))
}
const onProcess = (message: unknown): void => {
  const { process: child } = message as { process: ChildProcess }
  alive.set(child, 'process')
  child.once('exit', () => alive.delete(child))
}

beforeAll(() => {
  subscribe('worker_threads', onThread)
  subscribe('child_process', onProcess)
})

afterAll(async () => {
  // Half a second for what was ended already to say so.
  for (let i = 0; i < 20 && alive.size > 0; i++) await sleep(25)
  unsubscribe('worker_threads', onThread)
  unsubscribe('child_process', onProcess)
  const left = [...alive.values()]
  for (const one of alive.keys()) 'terminate' in one ? void (one as Worker).terminate() : (one as ChildProcess).kill()
  if (left.length > 0) throw new Error(`left alive: ${left.join(', ')}`)
})
