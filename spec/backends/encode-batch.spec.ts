import { held } from '../../lib/backends/alike-tasks'
import { type EncodedBatch, encodeBatch, HEAVY, indexesOf } from '../../lib/backends/encode-batch'
import { OutgoingCall, serialization } from '../../lib/backends/outgoing-call'
import { WorkerRun } from '../../lib/backends/worker-run'
import { readerOf } from '../../lib/serialization/columns'
import { TASK_FUNCTION, Trail } from '../../lib/serialization/trail'
import { delayed } from '../../lib/task/delayed'
import { kwargs } from '../../lib/task/kwargs'
import { partial } from '../../lib/task/partial'
import type { Call, Task } from '../../lib/task/task'
import { sharedWords } from '../../lib/worker/outbox'

const call: Call = { nested: { level: 1 } }

/** What a message says of these tasks, which begin at 10 in their call. */
function encode(
  tasks: readonly Task[],
  positions: readonly number[] = tasks.map((_, n) => n),
  onReject: (run: WorkerRun) => void = () => {},
) {
  const outgoing = new OutgoingCall(call)
  const run = new WorkerRun(sharedWords(), outgoing, held({ call, start: 10, tasks }), positions, () => {})
  const receiver = { delivered: new Set<number>(), forgotten: [], idOf: () => undefined }
  const newMessage = () => new (serialization().Message)(outgoing.sender, receiver, new Trail())
  const rejected: [position: number, reason: unknown][] = []
  const encoded = encodeBatch(run, newMessage, (position, reason) => {
    rejected.push([position, reason])
    onReject(run)
  })
  return { run, encoded, rejected }
}

/** The arguments of each task, when they are in a table. */
function rowsOf({ tasks }: EncodedBatch): unknown[][] | undefined {
  if (!('columns' in tasks)) return undefined
  const readers = tasks.columns.map(readerOf)
  return Array.from({ length: tasks.count }, (_, row) => readers.map((read) => read(row)))
}

const many = <T>(make: (n: number) => T, count = 10): T[] => Array.from({ length: count }, (_, n) => make(n))
const f = delayed((...args: unknown[]) => args)

describe('A message has its tasks in a table', () => {
  it.each<[string, (n: number) => unknown[]]>([
    ['nothing', () => []],
    ['a number', (n) => [n]],
    ['anything that is no object', (n) => [[n, `${n}`, null, undefined, n > 3][n % 5]]],
    ['a text and an object', (n) => [`${n}`, { n, inner: { text: 'x' } }]],
    ['three objects', (n) => [{}, { n }, { n: {} }]],
  ])('when they call one function with %s', (_, args) => {
    const { run, encoded, rejected } = encode(many((n) => f(...args(n))))
    expect(rowsOf(encoded)).toEqual(many(args))
    expect(encoded.positions).toEqual(many((n) => n))
    expect([encoded.fns.length, run.rest, rejected]).toEqual([1, [], []])
  })

  it('also when they come as rows, each as it is to be run again', () => {
    const { fn } = f()
    const columns = [many((n) => n), many((n) => `${n}`), many(() => null)]
    const batch = held({ call, start: 0, rows: { fn, length: 10, columns } })
    expect(batch.tasks.at(3)).toEqual({ fn, args: [3, '3', null], kwargs: {} })
    expect(batch.tasks.at(10)).toBeUndefined()
    const asTasks = held({ call, start: 0, tasks: many((n) => f(n, `${n}`, null)) })
    expect(batch).toEqual(asTasks)
  })

  it('from eight of them on: for fewer that is not worth it', () => {
    const eight = delayed((n: number) => n)
    const seven = delayed((n: number) => n)
    expect(rowsOf(encode(many((n) => eight(n), 8)).encoded)).toBeDefined()
    expect(rowsOf(encode(many((n) => seven(n), 7)).encoded)).toBeUndefined()
  })

  it('however few they are, when the function was sent in an earlier call and goes by its name', () => {
    const known = delayed((n: number) => n)
    const units = [1, 2, 3].map((n) => encode([known(n)]).encoded.units)
    expect(units.map(([unit]) => (unit as { id: number }).id < 0)).toEqual([false, true, true])
    expect(units[1]).toEqual(units[2])
    expect(rowsOf(encode([known(5)]).encoded)).toEqual([[5]])
  })

  it('also when they are not all of their batch, and knows which they are', () => {
    const positions = [1, 3, 5, 7, 9, 11, 13, 15]
    const { run, encoded } = encode(
      many((n) => f(n), 20),
      positions,
    )
    expect(rowsOf(encoded)).toEqual(positions.map((n) => [n]))
    expect(encoded.positions).toEqual(positions)
    expect(indexesOf(run)).toEqual(positions.map((n) => 10 + n))
  })

  it('also when their function goes with arguments that are bound to it', () => {
    const bound = delayed(partial((a: number, b: number) => a + b, 1))
    expect(rowsOf(encode(many((n) => bound(n))).encoded)).toEqual(many((n) => [n]))
  })

  it('as many as there are until there is 1 MB in it: the others are left for the next one, before what was left', () => {
    const text = 'x'.repeat(HEAVY / 4)
    const run = encode(many((n) => f(`${n}${text}`)))
    expect(rowsOf(run.encoded)?.length).toBe(4)
    expect(run.encoded.positions).toEqual([0, 1, 2, 3])
    expect(run.run.rest).toEqual([4, 5, 6, 7, 8, 9])
    expect(run.encoded.weight).toBeGreaterThan(HEAVY)
    const light = encode(many((n) => f(n)))
    expect(light.encoded.weight).toBe(80)
  })

  it('with one that is heavy by itself at its end', () => {
    const { encoded, run } = encode(many((n) => f(n === 8 ? 'x'.repeat(2 * HEAVY) : `${n}`)))
    expect(encoded.positions.length).toBe(9)
    expect(run.rest).toEqual([9])
  })

  const other = delayed((n: unknown) => n)
  it.each<[string, (n: number) => Task]>([
    ['calls another function', (n) => (n === 9 ? other(n) : f(n))],
    ['has named arguments', (n) => (n === 9 ? f(n, kwargs({ a: 1 })) : f(n))],
    ['has other arguments', (n) => (n === 9 ? f(n, 1) : f(n))],
    ['has one of another kind', (n) => (n === 9 ? f({ n }) : f(n))],
    ['has one that is no plain data', (n) => (n === 9 ? f([n]) : f(n))],
    [
      'gets one object twice',
      (n) => {
        const one = { n }
        return f(one, n === 9 ? one : { n })
      },
    ],
  ])('but not when one of them %s', (_, make) => {
    const { encoded, run } = encode(many(make))
    expect(rowsOf(encoded)).toBeUndefined()
    expect([encoded.positions, run.rest]).toEqual([many((n) => n), []])
  })

  it('also when they were made by hand, with named arguments that are none', () => {
    const { fn } = f()
    expect(rowsOf(encode(many((n): Task => ({ fn, args: [n], kwargs: {} }))).encoded)).toEqual(many((n) => [n]))
    expect(rowsOf(encode(many((n): Task => ({ fn, args: [n] }))).encoded)).toEqual(many((n) => [n]))
  })

  it('as they are now: what is done to an argument later is not seen', () => {
    const argument = { n: 1 }
    const { encoded } = encode(many(() => f(argument)))
    argument.n = 2
    expect(rowsOf(encoded)).toEqual(many(() => [{ n: 1 }]))
  })

  it('unless their function cannot be sent: each of them fails, with an error of its own', () => {
    const weak = new WeakMap<object, number>()
    const { encoded, rejected } = encode(
      many((n) => delayed((m: unknown) => [m, weak])(n)).map((task, _, [first]) => ({
        ...task,
        fn: (first as Task).fn,
      })),
    )
    expect(encoded.positions).toEqual([])
    expect(rejected.map(([position]) => position)).toEqual(many((n) => n))
    for (const [, reason] of rejected) expect(reason).toMatchObject({ code: 'PARFOR_UNSERIALIZABLE', path: 'weak' })
    expect(new Set(rejected.map(([, reason]) => reason)).size).toBe(10)
  })

  it('and rejects no other when the first that is rejected ends the run', () => {
    const compare = delayed(new Intl.Collator().compare)
    const { rejected } = encode(
      many((n) => compare(`${n}`, 'x')),
      undefined,
      (run) => run.cancel(),
    )
    expect(rejected).toMatchObject([[0, { path: TASK_FUNCTION }]])
  })
})
