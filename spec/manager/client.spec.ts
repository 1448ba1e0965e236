import type { MessagePort } from 'node:worker_threads'
import { Client } from '../../lib/manager/client'
import { ManagedValue } from '../../lib/manager/value'
import type { ManagedAddress } from '../../lib/serialization/managed'
import { settled } from '../support/manual-backend'

const written: string[] = []
const hellos: { port: MessagePort }[] = []
const ports: MessagePort[] = []

jest.mock('node:fs', () => ({
  ...jest.requireActual('node:fs'),
  writeSync: (_: number, text: string) => void written.push(text),
}))
jest.mock('node:worker_threads', () => ({
  ...jest.requireActual('node:worker_threads'),
  postMessageToThread: async (_: number, hello: { port: MessagePort }) => void hellos.push(hello),
}))

const address: ManagedAddress = { kind: 'value', process: 'this', thread: 7, manager: 1, id: 0 }

/** A value of a manager in a thread that answers when the spec says so. */
function value() {
  const client = new Client(address, { onGone: () => {}, isUsed: () => true })
  const [{ port }] = hellos.splice(0) as [{ port: MessagePort }]
  ports.push(port)
  const messages: { isAsking: boolean }[] = []
  port.on('message', (message) => messages.push(message))
  return {
    value: new ManagedValue<number>(address, client),
    messages,
    port,
    async answer(replies: object[] = []) {
      port.postMessage({ replies, units: [], forget: [] })
      await arrived()
    },
  }
}

/** Ports take some turns of the event loop, however long these are. */
async function arrived() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
}

async function pass(milliseconds: number) {
  await arrived()
  jest.advanceTimersByTime(milliseconds)
  await settled()
  await arrived()
}

describe('An operation that nobody answers', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] }))
  afterEach(() => {
    jest.useRealTimers()
    written.length = 0
    for (const port of ports.splice(0)) port.close()
  })

  it('is warned of when the thread of the manager gives no sign of life, once', async () => {
    const { value: own, messages, port, answer } = value()
    const getting = own.get()
    await pass(10_000)
    expect(messages.map(({ isAsking }) => isAsking)).toEqual([false, true])
    expect(written).toEqual([])
    await pass(10_000)
    expect(written).toEqual([
      expect.stringContaining(
        '[PARFOR_MANAGER_BLOCKED] ParforWarning: value.get waits for the thread of its Manager (thread 7), which has done nothing for 10 s.',
      ),
    ])
    await pass(100_000)
    expect(written).toHaveLength(1)
    await answer([{ number: 1, outcome: { values: [5] } }])
    expect(await getting).toBe(5)
    await pass(10_000)
    expect(jest.getTimerCount()).toBe(0)
    port.close()
    await arrived()
  })

  it('is not warned of when that thread is there', async () => {
    const { value: own, messages, port, answer } = value()
    const getting = own.get().catch((error: unknown) => error)
    for (let n = 0; n < 6; n += 1) {
      const before = messages.length
      await pass(10_000)
      if (messages.slice(before).some(({ isAsking }) => isAsking)) await answer()
    }
    expect(messages.filter(({ isAsking }) => isAsking)).toHaveLength(3)
    expect(written).toEqual([])
    port.close()
    await arrived()
    expect(await getting).toMatchObject({ code: 'PARFOR_DISPOSED' })
    expect(jest.getTimerCount()).toBe(0)
  })

  it('rejects when the port is closed, and so do later ones', async () => {
    const { value: own, port } = value()
    const getting = own.get().catch((error: unknown) => error)
    port.close()
    await arrived()
    expect(await getting).toMatchObject({
      message: 'value.get: the Manager of this value is closed, or the thread that it lived in has ended',
    })
    await expect(own.add(1)).rejects.toMatchObject({ code: 'PARFOR_DISPOSED' })
  })
})
