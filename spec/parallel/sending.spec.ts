import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { threadId } from 'node:worker_threads'
import { delayed, kwargs, Parallel, SerializationError } from '../../lib'

const factor = 3
function triple(n: number): number {
  return n * factor
}

describe('A function', () => {
  it('brings the variables, helpers and imports that it uses', async () => {
    await using parallel = Parallel(2)
    const offset = 10
    const tasks = [1, 2].map((n) =>
      delayed(() => [triple(n) + offset, createHash('md5').update(`${n}`).digest('hex')])(),
    )
    expect(await parallel(tasks)).toEqual([
      [13, 'c4ca4238a0b923820dcc509a6f75849b'],
      [16, 'c81e728d9d4c2f636f067f89cc14862c'],
    ])
  })

  it('runs in another thread', async () => {
    await using parallel = Parallel(2)
    expect(await parallel([delayed(() => threadId)()])).not.toEqual([threadId])
  })

  it('is a snapshot of one moment for all tasks of a call, and a new one for the next call', async () => {
    await using parallel = Parallel(2)
    const state = { count: 0 }
    const read = delayed(() => state.count)
    const counting = function* () {
      for (let n = 0; n < 40; n += 1) {
        yield read()
        state.count += 1
      }
    }
    expect(await parallel(counting)).toEqual(new Array(40).fill(0))
    expect(await parallel([read()])).toEqual([40])
  })

  it('does not reach the memory of the caller', async () => {
    await using parallel = Parallel(2)
    const seen: number[] = []
    await parallel([1, 2, 3].map((n) => delayed(() => seen.push(n))()))
    expect(seen).toEqual([])
  })
})

describe('An argument', () => {
  it.each([1, 2, 'auto'] as const)(
    'is the task’s own copy, also when tasks share it, for batchSize %s',
    async (batchSize) => {
      await using parallel = Parallel({ nJobs: 2, batchSize })
      const list = [0]
      const grow = delayed((own: number[]) => own.push(1))
      expect(await parallel(Array.from({ length: 8 }, () => grow(list)))).toEqual(new Array(8).fill(2))
    },
  )

  it('keeps identity and cycles within one task', async () => {
    await using parallel = Parallel(2)
    const node: { self?: unknown } = {}
    node.self = node
    const look = delayed((a: { self?: unknown }, b: unknown[]) => a.self === a && b[0] === a && b[1] === a)
    expect(await parallel([look(node, [node, node])])).toEqual([true])
  })
})

describe('What cannot be sent', () => {
  const socket = new Socket()
  const db = { conn: socket }
  const refused = [
    [
      'a captured variable',
      delayed(() => db.conn)(),
      'task',
      'db.conn',
      /captured variable "db\.conn" of function .*\(spec\/parallel\/sending\.spec\.ts:\d+:\d+\) to a worker: it is a Socket \(node:net\)/,
    ],
    [
      'an argument',
      delayed((_: unknown) => 1)({ q: [socket] }),
      'task',
      'args[0].q[0]',
      /Cannot send args\[0\]\.q\[0\] to a worker: it is a Socket/,
    ],
    [
      'a named argument',
      delayed((_: { k: unknown }) => 1)(kwargs({ k: socket })),
      'task',
      'kwargs.k',
      /Cannot send kwargs\.k to a worker/,
    ],
    [
      'a promise',
      delayed((_: unknown) => 1)(Promise.resolve(1)),
      'task',
      'args[0]',
      /it is a promise\. Await it first/,
    ],
    [
      'a result',
      delayed(() => ({ a: new WeakMap() }))(),
      'result',
      'result.a',
      /Cannot send result\.a back from a worker: a WeakMap cannot be copied/,
    ],
  ] as const

  it.each(refused)('is an error before the task runs, when it is %s', async (_, task, side, path, message) => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', onError: 'settle' })
    const where = delayed(() => threadId)
    const [before, result, after] = await parallel([where(), task, where()])
    expect(result).toMatchObject({
      status: 'rejected',
      reason: {
        name: 'SerializationError',
        code: 'PARFOR_UNSERIALIZABLE',
        side,
        path,
        taskIndex: 1,
        message: expect.stringMatching(message),
      },
    })
    expect((result as PromiseRejectedResult).reason).toBeInstanceOf(SerializationError)
    expect(after).toEqual(before)
  })
})

describe('An error', () => {
  class Overflow extends RangeError {
    override readonly name = 'Overflow'
    readonly limit: number
    constructor(message: string, limit: number, options?: ErrorOptions) {
      super(message, options)
      this.limit = limit
    }
  }

  it('arrives whole: class, message, fields, cause, and a stack that leads into this file', async () => {
    await using parallel = Parallel(2)
    const fail = delayed((limit: number) => {
      throw new Overflow('too much', limit, { cause: new TypeError('inner') })
    })
    const error: unknown = await parallel([fail(7)]).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(Overflow)
    expect(error).toMatchObject({
      name: 'Overflow',
      message: 'too much',
      limit: 7,
      cause: { name: 'TypeError', message: 'inner' },
    })
    const line = readFileSync(__filename, 'utf8').split("throw new Overflow('too")[0]?.split('\n').length
    expect((error as Error).stack).toMatch(
      new RegExp(`^Overflow: too much\\n {4}at .*sending\\.spec\\.ts:${line}:13\\)?$`),
    )
  })
})
