import { runInThisContext } from 'node:vm'
import { secondsToMilliseconds } from 'date-fns'
import { OutgoingCall, serialization } from '../../lib/backends/outgoing-call'
import { WorkerClient } from '../../lib/backends/worker-client'
import { type Finished, type Lost, WorkerRun } from '../../lib/backends/worker-run'
import { messageOf } from '../../lib/errors'
import { type Column, Table } from '../../lib/serialization/columns'
import { importFrom } from '../../lib/serialization/functions/importing'
import { TASK_FUNCTION } from '../../lib/serialization/trail'
import type { Import, Node, Parcel } from '../../lib/serialization/wire'
import { delayed } from '../../lib/task/delayed'
import type { Call, Outcome, Task } from '../../lib/task/task'
import { NO_LIMIT, turnOf, Words } from '../../lib/worker/protocol'
import { collectGarbage } from '../support/garbage'
import { silentWorker } from '../support/silent-worker'

const own: Call = { nested: { level: 1 } }

/** A client of a worker that does nothing by itself; its runs begin at task 10 of their call. */
function open() {
  const worker = silentWorker()
  const client = new WorkerClient(worker)
  const call = new OutgoingCall(own)
  /** Index, and the value or the reason. */
  const outcomes: [index: number, result: unknown][] = []
  const workers: (number | undefined)[] = []
  const ended: (Finished | Lost)[] = []
  return {
    worker,
    client,
    call,
    outcomes,
    workers,
    ended,
    /** @param listen hears of each outcome as it comes */
    run(tasks: readonly Task[], listen: (run: WorkerRun) => void = () => {}) {
      const positions = tasks.map((_, n) => n)
      const run: WorkerRun = new WorkerRun(
        worker.words,
        call,
        { call: own, start: 10, tasks },
        positions,
        (index, outcome, id) => {
          outcomes.push([index, outcome.status === 'fulfilled' ? outcome.value : outcome.reason])
          workers.push(id)
          listen(run)
        },
      )
      void client.run(run).then((how) => ended.push(how))
      return run
    },
    /** Tasks behind those; each goes on from task 20. */
    behind(tasks: readonly Task[], listen = () => {}) {
      const positions = tasks.map((_, n) => n)
      const batch = { call: own, start: 20, tasks }
      const run = new WorkerRun(worker.words, call, batch, positions, (index, outcome) => {
        outcomes.push([index, outcome.status === 'fulfilled' ? outcome.value : outcome.reason])
        listen()
      })
      void run.done.then((how) => ended.push(how))
      return client.sendBehind(run)
    },
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** Tasks that differ in what they are called with. */
const tasks = (...args: unknown[]) => args.map((arg) => delayed(String)(arg))

/** A task of a function that goes by value. */
const byValue = (arg: unknown) => delayed((value: unknown) => value)(arg)

/** A task of a function that workers import, and the module that it is in. */
const byReference = (n: number) => delayed(secondsToMilliseconds)(n)
const library = { require: require.resolve('date-fns/secondsToMilliseconds') }

const unsendable = new WeakMap()

/** An argument that does something when it is encoded. */
const encoding = (act: () => unknown) => ({ [Symbol.for('parfor.serialize')]: act })

const refused = (index: number, details: { side: 'task' | 'result'; path: string }) => [
  index,
  expect.objectContaining({ code: 'PARFOR_UNSERIALIZABLE', taskIndex: index, ...details }),
]
const unsent = (index: number, path = 'args[0]') => refused(index, { side: 'task', path })
const unread = (index: number) => refused(index, { side: 'result', path: 'result' })

/** A result that is made of one node. */
const graphOf = (node: Node, ...imports: Import[]): Parcel => ({
  slots: [[0]],
  graph: { nodes: [node], imports, beside: [] },
})

/** Modules in Node's own realm, whose imports end when the spec says so. */
const realm = runInThisContext('globalThis') as object
const gates = new Map<string, Promise<void>>()
beforeAll(() => Object.assign(realm, { gates }))
afterAll(() => Reflect.deleteProperty(realm, 'gates'))

/** A result that another module exports, for whose import it waits. */
function imported(value: string) {
  let open = () => {}
  gates.set(
    value,
    new Promise((resolve) => {
      open = resolve
    }),
  )
  const source = `await globalThis.gates.get('${value}'); export const value = '${value}'`
  const module = { import: `data:text/javascript,${source}`, from: __filename }
  return {
    result: graphOf(['imported', 0, ['value']], module),
    async finish() {
      open()
      await importFrom(module.from)(module.import)
      await settled()
    },
  }
}

describe('A client of a worker', () => {
  afterEach(() => jest.restoreAllMocks())

  describe('sends tasks', () => {
    it('and tells their outcomes, whose they are, and how long they have taken', async () => {
      const { worker, run, call, outcomes, workers, ended } = open()
      run(tasks('a', 'b', 'c'))
      expect(worker.batches).toMatchObject([{ call: call.id, level: 1 }])
      expect(worker.args).toEqual([['a', 'b', 'c']])
      worker.answer(0, [1])
      worker.answer(1, [2])
      await settled()
      expect([outcomes, ended]).toEqual([
        [
          [10, 1],
          [11, 2],
        ],
        [],
      ])
      worker.answer(2, [3], { duration: 4 })
      await settled()
      expect(outcomes.at(-1)).toEqual([12, 3])
      expect(workers).toEqual([3, 3, 3])
      expect(ended).toEqual([{ duration: 4, rest: [] }])
    })

    it('and says once how deep they are, and where the worker is', () => {
      const { worker, client, run } = open()
      client.place = { table: new BigInt64Array(1), id: 1, workerId: 3 }
      for (const n of [1, 2]) {
        run([byReference(n)])
        worker.answer(0, [n], { duration: 0 })
      }
      const [first, second] = worker.batches
      expect(first).toMatchObject({ level: 1, place: { id: 1 } })
      expect(second).not.toMatchObject({ level: 1 })
      expect(second).not.toHaveProperty('place')
    })

    it('by the name of their function alone, when the worker has that from an earlier call', () => {
      const { worker, client, outcomes } = open()
      const task = delayed((n: number) => n)
      /** A call of its own. */
      const call = () => {
        const outgoing = new OutgoingCall(own)
        const batch = { call: own, start: 0, tasks: [task(1)] }
        const onOutcome = (_: number, outcome: Outcome) => outcomes.push([0, outcome.status])
        void client.run(new WorkerRun(worker.words, outgoing, batch, [0], onOutcome))
        return { end: () => client.endCall(outgoing), sent: () => worker.batches.at(-1) }
      }
      const answered = () => {
        const { end, sent } = call()
        worker.answer(0, [1], { duration: 0 })
        end()
        return sent()
      }
      // It is known to be always the same from the second call on.
      answered()
      expect(answered()).toMatchObject({ fns: [[0]], units: [{}] })
      const third = answered()
      expect(third).toMatchObject({ fns: expect.any(Number) })
      expect(third).not.toHaveProperty('units')

      // It says that it has it no more.
      const { sent } = call()
      worker.respond({
        kind: 'refused',
        refusal: { batch: sent()?.id as number, module: undefined, why: 'it is not here', isUnknown: true },
      })
      expect(sent()).toMatchObject({ fns: [[0]], units: [{}] })
      worker.answer(0, [1], { duration: 0 })
      expect(outcomes.map(([, status]) => status)).toEqual(Array(4).fill('fulfilled'))
    })

    it('each function once in a message, and each that goes by value once in a call', () => {
      const { worker, run } = open()
      const fn = delayed((n: number) => n)
      run([fn(1), byReference(1), fn(2), byReference(2)])
      worker.answer(0, [1, 2, 3, 4], { duration: 0 })
      run([fn(3)])
      const [first, second] = worker.batches
      expect(first?.tasks).toMatchObject([{ fn: 0 }, { fn: 1 }, { fn: 0 }, { fn: 1 }])
      expect([first?.fns, second?.fns]).toMatchObject([{ length: 2 }, { length: 1 }])
      expect([first?.units?.length, second?.units?.length]).toEqual([1, undefined])
      expect([first?.id, second?.id]).toEqual([1, 2])
    })

    it('and looks at the functions of several together, which is cheaper', () => {
      const { run, call } = open()
      const prepare = jest.spyOn(call.sender, 'prepare')
      const [first, second] = [byValue(1), byValue(2)]
      run([first])
      expect(prepare).not.toHaveBeenCalled()
      run([first, second, first])
      expect(prepare.mock.calls).toEqual([[new Set([first.fn, second.fn])]])
    })

    it('and which names the worker can forget', () => {
      const { worker, run } = open()
      // Of functions that were collected: nobody can say when.
      jest.spyOn(serialization().Message.prototype, 'forget').mockReturnValueOnce([7, 8])
      run(tasks('a'))
      expect(worker.batches[0]?.forget).toEqual([7, 8])
    })

    it('with named arguments behind the others, when there are any', () => {
      const { worker, run } = open()
      const named = (kwargs: Record<string, unknown>): Task => ({ fn: String, args: ['a'], kwargs })
      run([named({ b: 1 }), named({})])
      expect(worker.batches[0]?.tasks).toMatchObject([
        { args: { values: ['a', { b: 1 }] }, hasKwargs: true },
        { args: { values: ['a'] }, hasKwargs: false },
      ])
    })

    it('and keeps the process alive until they are done', async () => {
      const { worker, run } = open()
      expect(worker.isRef).toBe(false)
      run(tasks('a'))
      expect(worker.isRef).toBe(true)
      worker.answer(0, [1])
      expect(worker.isRef).toBe(true)
      worker.answer(1, [], { duration: 1 })
      expect(worker.isRef).toBe(false)
    })

    it('until there is 1 MB in the message: the others are to be run again', async () => {
      const { worker, run, ended } = open()
      const full = 'x'.repeat(1024 * 1024)
      run(tasks(full, 'b', 'c', 'd'))
      expect(worker.args).toEqual([[full, 'b']])
      worker.answer(0, [1, 2], { duration: 4 })
      await settled()
      expect(ended).toEqual([{ duration: 4, rest: [2, 3] }])
    })

    it('that are to be run again in their order, also when less fits into the message a second time', async () => {
      const { worker, run, ended } = open()
      const growing = { text: '' }
      run([...tasks(growing, 'b', 'x'.repeat(1024 * 1024 + 1), 'd')])
      growing.text = 'x'.repeat(1024 * 1024 + 1)
      worker.refuseBatch(library)
      expect(worker.args.map(({ length }) => length)).toEqual([3, 1])
      worker.answer(0, [1], { duration: 4 })
      await settled()
      expect(ended).toEqual([{ duration: 4, rest: [1, 2, 3] }])
    })

    it('but those that cannot be sent: they have their outcome, of no worker', () => {
      const { worker, run, outcomes, workers } = open()
      run(tasks('a', unsendable, 'c'))
      expect(outcomes).toEqual([unsent(11)])
      expect(messageOf(outcomes[0]?.[1])).toMatch(/^Cannot send args\[0\] to a worker: a WeakMap/)
      expect(workers).toEqual([undefined])
      expect(worker.args).toEqual([['a', 'c']])
      worker.answer(0, [1, 3], { duration: 0 })
      expect(outcomes.slice(1)).toEqual([
        [10, 1],
        [12, 3],
      ])
    })

    it('and no message when none can be sent', async () => {
      const { worker, run, outcomes, ended } = open()
      run(tasks(unsendable, unsendable))
      await settled()
      expect(outcomes).toEqual([unsent(10), unsent(11)])
      expect([worker.requests, worker.isRef]).toEqual([[], false])
      expect(ended).toEqual([{ duration: 0, rest: [] }])
    })

    it('but those whose function cannot be sent: their errors name it, or what it captures', () => {
      const { worker, run, outcomes } = open()
      run([...tasks('a'), delayed(new Intl.Collator().compare)('b', 'c'), delayed(() => unsendable)()])
      expect(outcomes).toEqual([unsent(11, TASK_FUNCTION), unsent(12, 'unsendable')])
      expect(worker.args).toEqual([['a']])
    })

    it('but one whose encoding fails: its error tells why', () => {
      const { worker, run, outcomes } = open()
      const fail = () => {
        throw new Error('not today')
      }
      run(tasks(encoding(fail), 'b'))
      expect(outcomes).toEqual([unsent(10, 'args[0][Symbol(parfor.serialize)]()')])
      expect(messageOf(outcomes[0]?.[1])).toContain('not today')
      expect(worker.args).toEqual([['b']])
    })

    it('when they are not cancelled before', async () => {
      const { worker, client, call, ended } = open()
      const run = new WorkerRun(worker.words, call, { call: own, start: 0, tasks: tasks('a') }, [0], () => {})
      run.cancel()
      ended.push(await client.run(run))
      expect([worker.requests, worker.isRef]).toEqual([[], false])
      expect(ended).toHaveLength(1)
    })

    it('and neither encodes nor sends another one when they are cancelled for one that cannot be sent', async () => {
      const { worker, run, outcomes, ended } = open()
      const encode = jest.fn()
      run(tasks('a', unsendable, unsendable, encoding(encode)), (run) => run.cancel())
      await settled()
      expect(outcomes).toEqual([unsent(11)])
      expect(encode).not.toHaveBeenCalled()
      expect([worker.requests, worker.isRef, ended.length]).toEqual([[], false, 1])
    })

    it('and sends none when they are cancelled while the last one is encoded', async () => {
      const { worker, run, ended } = open()
      let cancel = () => {}
      // It is there when the first task has its outcome.
      run(
        tasks(
          unsendable,
          'b',
          encoding(() => cancel()),
        ),
        (run) => {
          cancel = () => void run.cancel()
        },
      )
      await settled()
      expect([worker.requests, worker.isRef, ended.length]).toEqual([[], false, 1])
    })
  })

  describe('when structured clone refuses the message', () => {
    /** An argument that is plain when it is encoded, and not any more when it is sent. */
    function spoiled() {
      const value: Record<string, unknown> = {}
      const spoil = encoding(() => {
        value.fn = () => {}
        return 'c'
      })
      return { value, spoil }
    }

    it('fails the tasks that are to blame, and sends the others again, with all that they need', async () => {
      const { worker, run, outcomes, workers, ended } = open()
      const { value, spoil } = spoiled()
      run([byValue('a'), byValue(value), ...tasks(spoil)])
      expect(outcomes).toEqual([unsent(11, 'args')])
      expect(workers).toEqual([undefined])
      expect(worker.batches).toMatchObject([{ id: 2, units: [{}], tasks: [{ args: { values: ['a'] } }, {}] }])
      worker.answer(0, [1, 3], { duration: 2 })
      await settled()
      expect(outcomes.slice(1)).toEqual([
        [10, 1],
        [12, 3],
      ])
      expect(ended).toEqual([{ duration: 2, rest: [] }])
    })

    it('sends nothing again when they are cancelled for it', async () => {
      const { worker, run, outcomes, ended } = open()
      const { value, spoil } = spoiled()
      run(tasks('a', value, spoil), (run) => run.cancel())
      await settled()
      expect(outcomes).toEqual([unsent(11, 'args')])
      expect([worker.requests, worker.isRef, ended.length]).toEqual([[], false, 1])
    })

    it('fails no other when the first one that fails ends the run', async () => {
      const { worker, run, outcomes, ended } = open()
      worker.refuse = new Error('no room')
      run(tasks('a', 'b'), (run) => run.cancel())
      await settled()
      expect(outcomes).toEqual([unsent(10, TASK_FUNCTION)])
      expect(ended).toHaveLength(1)
    })

    it('fails no other when one of several that are to blame ends the run', async () => {
      const { worker, run, outcomes, ended } = open()
      const first = spoiled()
      const second = spoiled()
      run(tasks(first.value, second.value, first.spoil, second.spoil), (run) => run.cancel())
      await settled()
      expect(outcomes).toEqual([unsent(10, 'args')])
      expect([worker.requests, ended.length]).toEqual([[], 1])
    })

    it('fails all when none is to blame, and gives back what was not in it', async () => {
      const { worker, run, outcomes, ended } = open()
      worker.refuse = new Error('no room')
      run(tasks('a', 'x'.repeat(1024 * 1024 + 1), 'c'))
      await settled()
      expect(outcomes).toEqual([unsent(10, TASK_FUNCTION), unsent(11, TASK_FUNCTION)])
      expect(outcomes[0]?.[1]).toMatchObject({ cause: worker.refuse, message: expect.stringContaining('no room') })
      expect([ended, worker.isRef]).toEqual([[{ duration: 0, rest: [2] }], false])
    })

    it('does not take what was in it for sent', () => {
      const { worker, run } = open()
      const fn = delayed((n: number) => n)
      worker.refuse = new Error('no room')
      run([fn(1)])
      worker.refuse = undefined
      run([fn(2)])
      expect(worker.batches).toMatchObject([{ id: 2, units: [{}] }])
    })
  })

  describe('when the worker refuses a batch', () => {
    it('for a module, sends it again without', async () => {
      const { worker, run, outcomes, ended } = open()
      run([byReference(1), byReference(2)])
      worker.refuseBatch(library)
      expect(worker.batches).toMatchObject([
        { id: 1, graph: { imports: [library] } },
        { id: 2, graph: { imports: [] }, units: [{}] },
      ])
      expect(worker.args).toEqual([
        [1, 2],
        [1, 2],
      ])
      worker.answer(0, ['a', 'b'], { duration: 3 })
      await settled()
      expect(outcomes).toEqual([
        [10, 'a'],
        [11, 'b'],
      ])
      expect(ended).toEqual([{ duration: 3, rest: [] }])
    })

    it('sends the tasks one by one, with all that they need, and fails those that are refused alone', async () => {
      const { worker, run, outcomes, workers, ended } = open()
      run([byValue('a'), byValue('b'), byValue('c')])
      worker.refuseBatch()
      worker.answer(0, [1], { duration: 1 })
      worker.refuseBatch()
      worker.answer(0, [3], { duration: 2 })
      await settled()
      expect(worker.args).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['c']])
      expect(worker.batches.map(({ units }) => units?.length)).toEqual([3, 1, 1, 1])
      expect(outcomes).toEqual([[10, 1], unsent(11, TASK_FUNCTION), [12, 3]])
      expect(messageOf(outcomes[1]?.[1])).toContain('there is no such thing')
      expect(workers).toEqual([3, 3, 3])
      expect([ended, worker.isRef]).toEqual([[{ duration: 3, rest: [] }], false])
    })

    it('again for a module that was not in the batch, takes it for a task that is to blame', async () => {
      const { worker, run, outcomes, ended } = open()
      run([byReference(1), byReference(2)])
      for (let times = 0; times < 4; times++) worker.refuseBatch(library)
      await settled()
      expect(worker.args).toEqual([[1, 2], [1, 2], [1], [2]])
      expect(outcomes).toEqual([unsent(10, TASK_FUNCTION), unsent(11, TASK_FUNCTION)])
      expect(ended).toEqual([{ duration: 0, rest: [] }])
    })

    it('takes back no longer what was taken back of it: the limit is for one message', async () => {
      const { worker, run, ended } = open()
      const { takeBack } = bound(run(tasks('a', 'b', 'c')))
      expect(takeBack(1)).toEqual([1, 2])
      worker.refuseBatch(library)
      expect(worker.args).toEqual([['a', 'b', 'c'], ['a']])
      expect(worker.limits).toEqual([NO_LIMIT, NO_LIMIT])
      worker.answer(0, [1], { duration: 1 })
      await settled()
      expect(ended).toEqual([{ duration: 1, rest: [] }])
    })

    it('has no part in a task that cannot be sent a second time: it can be cancelled then', async () => {
      const { worker, run, outcomes, workers, ended } = open()
      const value: Record<string, unknown> = {}
      const seen: unknown[] = []
      run(tasks('a', value, 'c'), (run) => seen.push(run.takeBack(0), run.cancel()))
      value.unsendable = unsendable
      worker.refuseBatch(library)
      await settled()
      expect(outcomes).toEqual([unsent(11, 'args[0].unsendable')])
      expect([workers, seen]).toEqual([[undefined], [[], true]])
      expect([worker.batches.length, ended.length]).toEqual([1, 1])
    })

    it('sends nothing when it is cancelled', async () => {
      const { worker, run, ended } = open()
      const { cancel } = bound(run([byReference(1), byReference(2)]))
      cancel()
      worker.refuseBatch(library)
      await settled()
      expect([worker.batches.length, worker.isRef, ended.length]).toEqual([1, false, 1])
    })

    it('fails no task when it is cancelled', async () => {
      const { worker, run, outcomes, ended } = open()
      const { cancel } = bound(run(tasks('a')))
      cancel()
      worker.refuseBatch()
      await settled()
      expect([outcomes, ended.length]).toEqual([[], 1])
    })

    it('sends none of the others when they are cancelled meanwhile', async () => {
      const { worker, run, ended } = open()
      const { cancel } = bound(run(tasks('a', 'b', 'c')))
      worker.refuseBatch()
      cancel()
      worker.answer(0, [], { duration: 1 })
      await settled()
      expect(worker.args).toEqual([['a', 'b', 'c'], ['a']])
      expect([worker.isRef, ended.length]).toEqual([false, 1])
    })

    it('sends none of the others when they are cancelled for one that is refused alone', async () => {
      const { worker, run, outcomes, ended } = open()
      run(tasks('a', 'b'), (run) => run.cancel())
      worker.refuseBatch()
      worker.refuseBatch()
      await settled()
      expect(worker.args).toEqual([['a', 'b'], ['a']])
      expect(outcomes).toEqual([unsent(10, TASK_FUNCTION)])
      expect(ended).toHaveLength(1)
    })

    it('sends none of the others when it is lost while it is told that one is refused alone', async () => {
      const { worker, run, ended } = open()
      run(tasks('a', 'b'), () => worker.die())
      worker.refuseBatch()
      worker.refuseBatch()
      await settled()
      expect(worker.args).toEqual([['a', 'b'], ['a']])
      expect(ended).toMatchObject([{ running: undefined, rest: [1] }])
    })

    it('hears no answer to what it has sent again since', async () => {
      const { worker, run, outcomes, ended } = open()
      run(tasks('a', 'b'))
      worker.refuseBatch()
      worker.answer(0, ['old'], { batch: 1, duration: 1 })
      await settled()
      expect([outcomes, ended]).toEqual([[], []])
    })

    it('gives back all that was not run: of each message, and what did not fit into the first', async () => {
      const { worker, run, ended } = open()
      const { takeBack } = bound(run(tasks('a', 'x'.repeat(1024 * 1024 + 1), 'c')))
      worker.refuseBatch()
      worker.begin(0)
      expect(takeBack(0)).toEqual([2])
      worker.answer(0, [], { duration: 0 })
      worker.answer(0, [], { duration: 0 })
      await settled()
      expect(ended).toEqual([{ duration: 0, rest: [1, 0] }])
    })
  })

  describe('tells of an outcome', () => {
    it('that is a failure what was thrown', () => {
      const { worker, run, outcomes } = open()
      run(tasks('a', 'b', 'c'))
      worker.answer(0, [1, 'thrown'], { failed: [1] })
      worker.answer(2, ['thrown too'], { failed: [0] })
      expect(outcomes).toEqual([
        [10, 1],
        [11, 'thrown'],
        [12, 'thrown too'],
      ])
    })

    it('that is an error where in the task it is from, without the program of the worker', () => {
      const { worker, run, outcomes } = open()
      run(tasks('a'))
      const error = new Error('no')
      error.stack = 'Error: no\n    at task (/own.js:1:1)\n    at run (/parfor.worker.cjs:1:1)'
      worker.answer(0, [error], { failed: [0] })
      expect(outcomes[0]?.[1]).toHaveProperty('stack', 'Error: no\n    at task (/own.js:1:1)')
    })

    it('that cannot be sent why, and which way it was to go', () => {
      const { worker, run, outcomes } = open()
      run(tasks('a', 'b', 'c'))
      const why = { message: 'no way', path: 'result.x' }
      worker.answer(0, [1, why, { ...why, path: 'args', side: 'task' }], { failed: [1, 2], refused: [1, 2] })
      expect(outcomes).toEqual([[10, 1], refused(11, { side: 'result', path: 'result.x' }), unsent(12, 'args')])
      expect(messageOf(outcomes[1]?.[1])).toBe('no way')
    })

    it('that cannot be made here that it cannot, and of the others what they are', () => {
      const { worker, run, outcomes } = open()
      run(tasks('a', 'b'))
      worker.answer(0, [], { results: [graphOf(['known', 99]), { values: [2] }] })
      expect(outcomes).toEqual([unread(10), [11, 2]])
      expect(messageOf(outcomes[0]?.[1])).toMatch(/cannot be made here: .*99/)
      expect(outcomes[0]?.[1]).toHaveProperty('cause.message')
    })

    it('that names what an earlier one has brought, until that is forgotten', () => {
      const { worker, run, outcomes } = open()
      run(tasks('a', 'b', 'c'))
      worker.answer(0, [], { results: [graphOf(['symbol', 'brought', 5])] })
      worker.answer(1, [], { results: [graphOf(['known', 5])] })
      worker.answer(2, [], { results: [graphOf(['known', 5])], forget: [5] })
      expect(String(outcomes[0]?.[1])).toBe('Symbol(brought)')
      expect(outcomes[1]?.[1]).toBe(outcomes[0]?.[1])
      expect(outcomes[2]).toEqual(unread(12))
    })

    it('that comes with functions that cannot be made here that it cannot, and goes on', async () => {
      const { worker, run, outcomes, ended } = open()
      run(tasks('a', 'b'))
      const units = [{ id: 1, bytes: new Uint8Array(1), imports: [], beside: [] }]
      worker.answer(0, [1], { units })
      worker.answer(1, [2], { duration: 0 })
      await settled()
      expect(outcomes).toEqual([unread(10), [11, 2]])
      expect(ended).toHaveLength(1)
    })

    it('that waits for an import which fails that it cannot be made here', async () => {
      const { worker, run, outcomes, ended } = open()
      const { done } = run(tasks('a'))
      const result = graphOf(['imported', 0, ['value']], {
        import: 'data:text/javascript,throw new Error("not here")',
        from: __filename,
      })
      worker.answer(0, [], { results: [result], duration: 1 })
      await done
      expect(outcomes).toEqual([unread(10)])
      expect(messageOf(outcomes[0]?.[1])).toContain('not here')
      expect(ended).toEqual([{ duration: 1, rest: [] }])
    })

    it('that waits for an import before those that came behind it', async () => {
      const { worker, run, outcomes } = open()
      const { done } = run(tasks('a', 'b', 'c', 'd'))
      const first = imported('first')
      const third = imported('third')
      worker.answer(0, [], { results: [first.result] })
      worker.answer(1, ['second'])
      worker.answer(2, [], { results: [third.result] })
      worker.answer(3, ['fourth'], { duration: 1 })
      await third.finish()
      expect(outcomes).toEqual([])
      await first.finish()
      await done
      expect(outcomes).toEqual([
        [10, 'first'],
        [11, 'second'],
        [12, 'third'],
        [13, 'fourth'],
      ])
    })

    it('not before one that still waits when an earlier one waits no longer', async () => {
      const { worker, run, outcomes } = open()
      const { done } = run(tasks('a', 'b', 'c'))
      const earlier = imported('earlier')
      const later = imported('later')
      worker.answer(0, [], { results: [earlier.result] })
      worker.answer(1, [], { results: [later.result] })
      await earlier.finish()
      worker.answer(2, ['last'], { duration: 1 })
      expect(outcomes).toEqual([[10, 'earlier']])
      await later.finish()
      await done
      expect(outcomes.slice(1)).toEqual([
        [11, 'later'],
        [12, 'last'],
      ])
    })

    it('at once again when none waits for an import', async () => {
      const { worker, run, outcomes } = open()
      const { done } = run(tasks('a'))
      const { result, finish } = imported('that was awaited')
      await finish()
      worker.answer(0, [], { results: [result], duration: 0 })
      await done
      await settled()
      run(tasks('b'))
      worker.answer(0, [1])
      expect(outcomes.at(-1)).toEqual([10, 1])
    })

    it('and of none behind it when it ends the run', async () => {
      const { worker, client, run, outcomes, ended } = open()
      run(tasks('a', 'b'), () => client.leave())
      worker.answer(0, [1, 2], { duration: 1 })
      await settled()
      expect([outcomes, ended]).toEqual([[[10, 1]], []])
    })

    it('and not of those of another batch', async () => {
      const { worker, run, outcomes, ended } = open()
      run(tasks('a'))
      worker.answer(0, [1], { batch: 7, duration: 1 })
      await settled()
      expect([outcomes, ended]).toEqual([[], []])
    })
  })

  describe('tells of outcomes that are alike', () => {
    /** What a worker answers when all of these are results, and alike. */
    const alike = (...values: unknown[]) => {
      const table = Table.for([values[0]]) as Table
      for (const value of values) table.add([value])
      return { results: { count: table.count, column: table.columns()[0] as Column } }
    }

    /** A client whose runs are told several at once. */
    function openInBulk(count: number, positions: readonly number[] = tasks(...Array(count)).map((_, n) => n)) {
      const worker = silentWorker()
      const client = new WorkerClient(worker)
      const call = new OutgoingCall(own)
      const told: unknown[] = []
      const ended: (Finished | Lost)[] = []
      const batch = { call: own, start: 10, tasks: tasks(...Array.from({ length: count }, (_, n) => n)) }
      const listeners = { fulfilled: () => {} }
      const onOutcome = Object.assign(
        (index: number, outcome: unknown, id?: number) => void told.push([index, outcome, id]),
        {
          fulfilled(first: number, values: ArrayLike<unknown>, id?: number) {
            told.push([first, Array.from(values), id])
            listeners.fulfilled()
          },
        },
      )
      const run = new WorkerRun(worker.words, call, batch, positions, onOutcome)
      void client.run(run).then((how) => ended.push(how))
      return { worker, client, call, run, told, ended, listeners }
    }
    const fulfilled = (value: unknown) => ({ status: 'fulfilled', value })

    it('all at once, with who ran them', async () => {
      const { worker, told, ended } = openInBulk(3)
      worker.answer(0, [], alike({ a: 1 }, { a: 2 }))
      worker.answer(2, [], { ...alike('c'), duration: 5 })
      await settled()
      expect(told).toEqual([
        [10, [{ a: 1 }, { a: 2 }], 3],
        [12, ['c'], 3],
      ])
      expect(ended).toEqual([{ duration: 5, rest: [] }])
    })

    it('one by one to who wants each', () => {
      const { worker, run, outcomes, workers } = open()
      run(tasks('a', 'b', 'c'))
      worker.answer(0, [], alike(1, 2, 3))
      expect(outcomes).toEqual([
        [10, 1],
        [11, 2],
        [12, 3],
      ])
      expect(workers).toEqual([3, 3, 3])
    })

    it('one by one when they do not follow each other', () => {
      const { worker, told } = openInBulk(6, [0, 1, 3, 5])
      worker.answer(0, [], alike(1, 2))
      worker.answer(2, [], alike(3, 4))
      expect(told).toEqual([
        [10, [1, 2], 3],
        [13, fulfilled(3), 3],
        [15, fulfilled(4), 3],
      ])
    })

    it.each([1, 2])('only those that it does not know from what was held back: %i', (count) => {
      const { worker, client, run, told } = openInBulk(3)
      worker.begin(count)
      worker.hold(0, ...['a', 'b'].slice(0, count))
      client.tellHeld(run)
      worker.answer(0, [], alike('a', 'b', 'c'))
      expect(told.slice(count)).toEqual([[10 + count, ['a', 'b', 'c'].slice(count), 3]])
    })

    it('nothing when it knows all of them', () => {
      const { worker, client, run, told } = openInBulk(3)
      worker.begin(2)
      worker.hold(0, 'a', 'b')
      client.tellHeld(run)
      worker.answer(0, [], alike('a', 'b'))
      expect(told).toEqual([
        [10, fulfilled('a'), 3],
        [11, fulfilled('b'), 3],
      ])
    })

    it('and first of those before them that cannot be read', () => {
      const { worker, told } = openInBulk(3)
      worker.answer(1, [], alike('b', 'c'))
      expect(told).toEqual([
        [10, { status: 'rejected', reason: expect.objectContaining({ side: 'result' }) }, 3],
        [11, ['b', 'c'], 3],
      ])
    })

    it('no more when a listener ends the run in the middle of them', async () => {
      const { worker, client, run, outcomes, ended } = open()
      run(tasks('a', 'b', 'c'), (run) => {
        if (outcomes.length === 2) {
          run.cancel()
          client.leave()
        }
      })
      worker.answer(0, [], { ...alike(1, 2, 3), duration: 1 })
      await settled()
      expect([outcomes, ended]).toEqual([
        [
          [10, 1],
          [11, 2],
        ],
        [],
      ])
    })

    it('nothing that comes when the run is cancelled, but its end', async () => {
      const { worker, run, told, ended } = openInBulk(3)
      run.cancel()
      worker.answer(0, [], { ...alike(1, 2, 3), duration: 1 })
      await settled()
      expect(told).toEqual([])
      expect(ended).toEqual([{ duration: 1, rest: [] }])
    })

    it('and that they are told when a listener fails: they are not run again', async () => {
      const { worker, told, ended, listeners, run } = openInBulk(3)
      listeners.fulfilled = () => {
        throw new RangeError('listener')
      }
      worker.answer(0, [], alike(1, 2))
      expect(run.reported).toBe(2)
      listeners.fulfilled = () => {}
      worker.die()
      await settled()
      expect(told).toEqual([[10, [1, 2], 3]])
      expect(ended).toMatchObject([{ rest: [2] }])
    })

    it('and counts them as run by this worker', () => {
      const { client, worker } = openInBulk(3)
      worker.answer(0, [], { ...alike(1, 2, 3), duration: 1 })
      expect(client.tasks).toBe(3)
    })

    it('of tasks that are alike, too: of those that were taken back nothing comes', async () => {
      const { worker, run, told, ended } = openInBulk(12)
      expect(worker.args).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]])
      worker.begin(3)
      expect(run.takeBack(1)).toEqual([5, 6, 7, 8, 9, 10, 11])
      worker.answer(0, [], { ...alike('a', 'b', 'c', 'd', 'e'), duration: 1 })
      await settled()
      expect(told).toEqual([[10, ['a', 'b', 'c', 'd', 'e'], 3]])
      expect(ended).toEqual([{ duration: 1, rest: [] }])
    })

    it('of tasks that are alike, too: each alone when the worker cannot make them', () => {
      const { worker, run, outcomes } = open()
      run(tasks(0, 1, 2, 3, 4, 5, 6, 7))
      worker.refuseBatch()
      worker.refuseBatch()
      worker.answer(0, ['b'], { duration: 1 })
      expect(worker.args).toEqual([[0, 1, 2, 3, 4, 5, 6, 7], [0], [1], [2]])
      expect(outcomes).toEqual([unsent(10, TASK_FUNCTION), [11, 'b']])
    })

    it('of tasks that are alike, too: all fail when the message cannot be posted', async () => {
      const { worker, run, outcomes, ended } = open()
      worker.refuse = new Error('no room')
      run(tasks(0, 1, 2, 3, 4, 5, 6, 7))
      await settled()
      expect(outcomes).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((n) => unsent(10 + n, TASK_FUNCTION)))
      expect(ended).toEqual([{ duration: 0, rest: [] }])
    })
  })

  describe('is told the end of a batch', () => {
    it('and gives back what was announced while it was taken back, and not run', async () => {
      const { worker, run, outcomes, ended } = open()
      const it = run(tasks('a', 'b', 'c'))
      worker.begin(1)
      expect(it.takeBack(0)).toEqual([2])
      worker.end()
      worker.answer(0, [1], { duration: 1 })
      await settled()
      expect(outcomes).toEqual([[10, 1]])
      expect(ended).toEqual([{ duration: 1, rest: [1] }])
      // What is left of it is nothing that its worker would have to be ended for.
      expect(it.cancel()).toBe(true)
    })
  })

  describe('reads what the worker holds back', () => {
    it('when it is asked to, and tells it once', async () => {
      const { worker, client, run, outcomes, ended } = open()
      const it = run(tasks('a', 'b', 'c', 'd'))
      worker.answer(0, [1])
      worker.begin(3)
      worker.hold(1, 2, 3)
      client.tellHeld(it)
      client.tellHeld(it)
      const known = [
        [10, 1],
        [11, 2],
        [12, 3],
      ]
      expect(outcomes).toEqual(known)
      worker.end()
      worker.answer(1, [2, 3, 4], { duration: 1 })
      await settled()
      expect(outcomes).toEqual([...known, [13, 4]])
      expect(ended).toEqual([{ duration: 1, rest: [] }])
    })

    it('not while what was posted before it is on its way', () => {
      const { worker, client, run, outcomes } = open()
      const it = run(tasks('a', 'b', 'c'))
      worker.isSlow = true
      worker.answer(0, [1])
      worker.begin(2)
      worker.hold(1, 2)
      client.tellHeld(it)
      expect(outcomes).toEqual([])
      worker.deliver()
      client.tellHeld(it)
      expect(outcomes).toEqual([
        [10, 1],
        [11, 2],
      ])
    })

    it('not while what has come before it waits for an import', async () => {
      const { worker, client, run, outcomes } = open()
      const it = run(tasks('a', 'b', 'c'))
      const { result, finish } = imported('what came before')
      worker.answer(0, [0])
      worker.answer(1, [], { results: [result] })
      worker.begin(2)
      // As when it is cleared only behind the message.
      worker.hold(1, 'what came before')
      client.tellHeld(it)
      expect(outcomes).toEqual([[10, 0]])
      await finish()
      worker.answer(2, [2], { duration: 0 })
      await it.done
      expect(outcomes).toEqual([
        [10, 0],
        [11, 'what came before'],
        [12, 2],
      ])
    })

    it('not for a run that it has left', () => {
      const { worker, client, run, outcomes } = open()
      const it = run(tasks('a', 'b'))
      worker.begin(1)
      worker.hold(0, 1)
      client.leave()
      client.tellHeld(it)
      expect(outcomes).toEqual([])
    })
  })

  describe('that cannot read a message', () => {
    it('asks for the end of the batch, and fails what was in the message', async () => {
      const { worker, run, outcomes, workers, ended } = open()
      run(tasks('a', 'b', 'c'))
      worker.answer(0, [1])
      worker.garble()
      expect(worker.requests.at(-1)).toEqual({ kind: 'report', batch: 1 })
      worker.answer(3, [], { duration: 5 })
      await settled()
      expect(outcomes).toEqual([[10, 1], unread(11), unread(12)])
      expect(messageOf(outcomes[1]?.[1])).toContain('nested too deep')
      expect(workers).toEqual([3, 3, 3])
      expect(ended).toEqual([{ duration: 5, rest: [] }])
    })

    it('tells of the gap before the outcomes behind it', () => {
      const { worker, run, outcomes } = open()
      run(tasks('a', 'b', 'c'))
      worker.garble()
      worker.answer(2, [3])
      expect(outcomes).toEqual([unread(10), unread(11), [12, 3]])
    })

    it('tells of no more when the gap ends the run', async () => {
      const { worker, client, run, outcomes, ended } = open()
      run(tasks('a', 'b', 'c'), () => client.leave())
      worker.garble()
      worker.answer(2, [3], { duration: 1 })
      await settled()
      expect(outcomes).toEqual([unread(10)])
      expect(ended).toEqual([])
    })

    it('asks for nothing when the worker has none to tell of, or is gone', () => {
      const { worker, run } = open()
      worker.garble()
      run(tasks('a'))
      worker.die()
      worker.garble()
      expect(worker.requests.map(({ kind }) => kind)).toEqual(['run'])
    })
  })

  describe('that is to come behind another,', () => {
    const over = { duration: 1 }

    it('is sent while that runs, and told of when that has ended', async () => {
      const { worker, run, behind, outcomes, ended } = open()
      run(tasks('a'))
      worker.begin(0)
      expect(behind(tasks('b'))).toBe(true)
      expect(worker.args).toEqual([['a'], ['b']])
      worker.answer(0, [1], { batch: 1, ...over })
      expect(worker.isRef).toBe(true)
      worker.answer(0, [2], over)
      expect(worker.isRef).toBe(false)
      await settled()
      expect(outcomes).toEqual([
        [10, 1],
        [20, 2],
      ])
      expect(ended).toEqual([
        { duration: 1, rest: [] },
        { duration: 1, rest: [] },
      ])
    })

    it('is not sent before that has begun, and no other one behind it', () => {
      const { worker, client, run, behind } = open()
      expect(behind(tasks('b'))).toBe(false)
      run(tasks('a'))
      expect(behind(tasks('b'))).toBe(false)
      worker.begin(0)
      expect([behind(tasks('b')), behind(tasks('c'))]).toEqual([true, false])
      expect(worker.args).toEqual([['a'], ['b']])
      client.leave()
    })

    it('shares no words with that, whatever could not be sent behind it before', () => {
      const { worker, run, behind } = open()
      run(tasks('a', 'b'))
      worker.begin(0)
      expect(behind([byValue(1)])).toBe(false)
      expect(behind(tasks('c'))).toBe(true)
      const [first, second] = worker.batches.map(({ id }) => turnOf(id))
      expect(first).not.toBe(second)
    })

    it('is not sent behind tasks that others follow', () => {
      const { worker, run, behind } = open()
      run(tasks('a', 'b'))
      worker.refuseBatch()
      worker.begin(0)
      expect(behind(tasks('c'))).toBe(false)
      expect(worker.args).toEqual([['a', 'b'], ['a']])
    })

    it('is not sent when it brings what the worker may not have, or is too much to be read at once', () => {
      const { worker, run, behind } = open()
      run(tasks('a'))
      worker.begin(0)
      const heavy = 'x'.repeat(2 ** 20 + 1)
      for (const task of [byValue(1), delayed(String)(new Date()), delayed(String)(heavy)])
        expect(behind([task])).toBe(false)
      expect(worker.args).toEqual([['a']])
    })

    it('goes on though the end of that cannot be read: its outcomes are missing then, as many as it says', async () => {
      const { worker, run, behind, outcomes, ended } = open()
      const first = run(tasks('a', 'b', 'c'))
      worker.begin(0)
      worker.begin(1)
      first.takeBack(0)
      worker.end()
      behind(tasks('d'))
      worker.garble()
      worker.begin(0)
      worker.answer(0, [4], over)
      await settled()
      expect(outcomes).toEqual([unread(10), unread(11), [20, 4]])
      expect(ended).toEqual([
        { duration: 0, rest: [] },
        { duration: 1, rest: [] },
      ])
    })

    it('goes on though neither end can be read: the worker is asked for that of the last', async () => {
      const { worker, run, behind, outcomes, ended } = open()
      run(tasks('a'))
      worker.begin(0)
      worker.end()
      behind(tasks('b'))
      worker.garble()
      worker.begin(0)
      worker.end()
      worker.garble()
      expect(worker.requests.slice(2)).toEqual([
        { kind: 'report', batch: 1 },
        { kind: 'report', batch: 2 },
      ])
      worker.answer(1, [], over)
      await settled()
      expect(outcomes).toEqual([unread(10), unread(20)])
      expect(ended).toEqual([
        { duration: 0, rest: [] },
        { duration: 1, rest: [] },
      ])
    })

    it('imports nothing that those before it have not', () => {
      const { worker, client, run, behind } = open()
      run(tasks('a'))
      worker.begin(0)
      expect(behind([byReference(1)])).toBe(false)
      client.leave()
      run([byReference(1)])
      worker.begin(0)
      expect(behind([byReference(2)])).toBe(true)
    })

    it('is sent again, should the worker find that it cannot make it after all', async () => {
      const { worker, run, behind, outcomes, ended } = open()
      run([byReference(1)])
      worker.begin(0)
      behind([byReference(2)])
      worker.answer(0, [1], { batch: 1, ...over })
      worker.refuseBatch(library)
      expect(worker.batches[2]).toMatchObject({ id: 3, units: [{}] })
      worker.answer(0, [2], over)
      await settled()
      expect(outcomes).toEqual([
        [10, 1],
        [20, 2],
      ])
      expect(ended.length).toBe(2)
    })

    it('is over when it is cancelled while it is encoded, also when it could not be sent', async () => {
      const { worker, client, call, run, ended } = open()
      run(tasks('a'))
      worker.begin(0)
      const cancel = jest.fn(() => second.cancel())
      const captured = encoding(cancel)
      const task = delayed(() => captured)()
      const second: WorkerRun = new WorkerRun(
        worker.words,
        call,
        { call: own, start: 20, tasks: [task] },
        [0],
        () => {},
      )
      void second.done.then((how) => ended.push(how))
      expect(client.sendBehind(second)).toBe(true)
      expect(cancel).toHaveBeenCalledTimes(1)
      await settled()
      expect([worker.batches.length, ended.length]).toEqual([1, 1])
    })

    it('is what is asked to tell now, when the worker has gone on with it', () => {
      const { worker, client, run, behind, outcomes } = open()
      const first = run(tasks('a'))
      worker.begin(0)
      behind(tasks('b', 'c'))
      worker.isSlow = true
      worker.answer(0, [1], { batch: 1, ...over })
      worker.begin(1)
      worker.hold(0, 2)
      client.tellNow(first)
      expect(outcomes).toEqual([
        [10, 1],
        [20, 2],
      ])
    })

    it('is lost with the worker, and is not to blame for it', async () => {
      const { worker, run, behind, outcomes, ended } = open()
      await worker.start()
      run(tasks('a'))
      worker.begin(0)
      behind(tasks('b', 'c'))
      worker.die()
      await settled()
      expect(outcomes).toEqual([])
      expect(ended).toEqual([
        expect.objectContaining({ running: 0, rest: [], wasBehind: false }),
        expect.objectContaining({ running: undefined, rest: [0, 1], wasBehind: true, duration: 0 }),
      ])
    })

    it('is what is lost when the worker has gone on with it, and the end of that cannot be read', async () => {
      const { worker, run, behind, outcomes, ended } = open()
      await worker.start()
      run(tasks('a'))
      worker.begin(0)
      worker.end()
      behind(tasks('b', 'c'))
      worker.begin(0)
      worker.die()
      await settled()
      expect(outcomes).toEqual([unread(10)])
      expect(ended).toEqual([
        { duration: 0, rest: [] },
        expect.objectContaining({ running: 0, rest: [1], wasBehind: false }),
      ])
    })

    it('tells nothing more when its worker is left', async () => {
      const { worker, client, run, behind, outcomes } = open()
      run(tasks('a'))
      worker.begin(0)
      behind(tasks('b'))
      client.leave()
      worker.answer(0, [1], { batch: 1, ...over })
      worker.answer(0, [2], over)
      await settled()
      expect(outcomes).toEqual([])
    })
  })

  describe('that loses its worker', () => {
    it('tells what that held back, which task ran, and which are to be run again', async () => {
      const { worker, run, outcomes, ended } = open()
      run(tasks('a', 'b', 'c', 'x'.repeat(1024 * 1024 + 1), 'e'))
      worker.answer(0, [1])
      worker.begin(2)
      worker.hold(1, 2)
      worker.die({ exitCode: 9 })
      await settled()
      expect(outcomes).toEqual([
        [10, 1],
        [11, 2],
      ])
      const how = { exitCode: 9, reason: 'it exited with code 1' }
      expect(ended).toMatchObject([{ how, running: 2, rest: [3, 4] }])
    })

    it('does not give back what has run, and cannot be read', async () => {
      const { worker, run, outcomes, ended } = open()
      run(tasks('a', 'b', 'c', 'd'))
      worker.begin(2)
      worker.hold(1, 2)
      worker.die()
      await settled()
      expect(outcomes).toEqual([unread(10), [11, 2]])
      expect(ended).toMatchObject([{ running: 2, rest: [3] }])
    })

    it('tells of a task whose outcome that held back, though it had not announced the next one', async () => {
      const { worker, run, outcomes, ended } = open()
      run(tasks('a', 'b', 'c'))
      worker.answer(0, [1])
      worker.begin(1)
      worker.hold(1, 2)
      worker.die()
      await settled()
      expect(outcomes.at(-1)).toEqual([11, 2])
      expect(ended).toMatchObject([{ running: undefined, rest: [2] }])
    })

    it('tells what that held back though it was between two tasks', async () => {
      const { worker, run, outcomes, ended } = open()
      run(tasks('a', 'b'))
      worker.begin(1)
      worker.hold(0, 1, 2)
      worker.end()
      worker.die()
      await settled()
      expect(outcomes).toEqual([
        [10, 1],
        [11, 2],
      ])
      expect(ended).toMatchObject([{ running: undefined, rest: [] }])
    })

    it('fails what was in a message that could not be read before', async () => {
      const { worker, run, outcomes, ended } = open()
      run(tasks('a', 'b', 'c'))
      worker.garble()
      worker.begin(2)
      worker.hold(1, 2)
      worker.die()
      await settled()
      expect(outcomes).toEqual([unread(10), [11, 2]])
      expect(ended).toMatchObject([{ running: 2, rest: [] }])
    })

    it('tells first of an outcome that waits for an import', async () => {
      const { worker, run, outcomes, ended } = open()
      const { done } = run(tasks('a', 'b'))
      const { result, finish } = imported('before the end')
      worker.answer(0, [], { results: [result] })
      worker.begin(1)
      worker.die()
      await settled()
      expect([outcomes, ended]).toEqual([[], []])
      await finish()
      await done
      expect(outcomes).toEqual([[10, 'before the end']])
      expect(ended).toMatchObject([{ running: 1, rest: [] }])
    })

    it('has lost nothing when the outcome that waited was the last one', async () => {
      const { worker, run, ended } = open()
      const { done } = run(tasks('a'))
      const { result, finish } = imported('the last')
      worker.answer(0, [], { results: [result], duration: 1 })
      worker.die()
      await finish()
      await done
      await settled()
      expect(ended).toEqual([{ duration: 1, rest: [] }])
    })

    it('tells nothing of a run that was cancelled', () => {
      const { worker, run, outcomes } = open()
      const { cancel } = bound(run(tasks('a', 'b')))
      worker.begin(1)
      worker.hold(0, 1)
      cancel()
      worker.die()
      expect(outcomes).toEqual([])
    })

    it('gives back at once what is to be run then', async () => {
      const { worker, client, run, ended } = open()
      expect(client.isGone).toBe(false)
      worker.die()
      expect(client.isGone).toBe(true)
      run(tasks('a', 'b'))
      await settled()
      expect(ended).toMatchObject([{ wasReading: false, running: undefined, rest: [0, 1] }])
      expect([worker.requests, worker.isRef]).toEqual([[], false])
    })

    it('was there if it has opened a message, though nobody has heard that it had started', () => {
      const { worker, client, run } = open()
      run(tasks('a'))
      expect(client.isReady).toBe(false)
      worker.begin(0)
      worker.die()
      expect(client.isReady).toBe(true)
    })

    describe('for an error that an earlier task had left behind,', () => {
      const error = {
        call: 0,
        index: 3,
        name: 'score',
        what: 'RangeError: late',
        stack: 'RangeError: late\n    at score',
      }
      let warn: jest.SpiedFunction<typeof process.emitWarning>
      beforeEach(() => {
        warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
      })
      const messages = () => warn.mock.calls.map(([message]) => message)

      it('warns at once, and blames that one only if it is what ends the worker', async () => {
        const { worker, client, run, ended } = open()
        await worker.start()
        run(tasks('a'))
        worker.respond({ kind: 'late', error })
        const warning = 'Nothing caught an error that task 3 (score) of another call had left behind, RangeError: late'
        expect(messages()).toEqual([warning])
        worker.begin(0)
        worker.die({ reason: 'it exited with code 3' })
        await settled()
        expect(ended).toMatchObject([{ how: { reason: 'it exited with code 3' }, running: 0 }])
        expect(client.gone?.reason).toBe('it exited with code 3')
        expect(messages()).toEqual([warning])
      })

      it.each([true, false])('tells nothing more when that ends the worker, busy or not: %s', async (isBusy) => {
        const { worker, client, run, call } = open()
        await worker.start()
        const own = { ...error, call: call.id }
        if (isBusy) run(tasks('a'))
        worker.respond({ kind: 'late', error: own })
        worker.respond({ kind: 'fatal', error: own })
        worker.die({ cause: new RangeError('late') })
        expect(client.gone).toMatchObject({
          reason: 'an error that task 3 (score) had left behind ended it',
          isLate: true,
        })
        expect(messages()).toEqual(['Nothing caught an error that task 3 (score) had left behind, RangeError: late'])
      })

      it('is not to blame when it was caught, after all, and the worker ends in another way', async () => {
        const { worker, client, run } = open()
        await worker.start()
        run(tasks('a'))
        worker.respond({ kind: 'late', error })
        worker.respond({ kind: 'fatal', error })
        worker.die({ reason: 'it exited with code 5' })
        expect(client.gone?.reason).toBe('it exited with code 5')
      })

      it('sends nothing more to the worker that is spoiled, or too large: others run it', async () => {
        for (const more of [{ isSpoiled: true as const }, { memory: 1000 }]) {
          const { worker, client, run, ended } = open()
          run(tasks('a', 'b', 'c'))
          worker.refuseBatch()
          expect(worker.args).toEqual([['a', 'b', 'c'], ['a']])
          worker.answer(0, [1], { duration: 1, ...more })
          await settled()
          expect(worker.args).toHaveLength(2)
          expect(ended).toEqual([{ duration: 1, rest: [1, 2] }])
          expect([client.isSpoiled, client.memory]).toEqual([more.isSpoiled === true, more.memory ?? 0])
        }
      })
    })

    describe('for an error that nothing caught,', () => {
      const warnings = () => jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
      const late = { reason: 'an error ended it', cause: new Error('late') }

      it('warns when no task ran: none will tell', async () => {
        const warning = warnings()
        const { worker, client, run } = open()
        await worker.start()
        expect(client.isReady).toBe(true)
        run(tasks('a'))
        worker.answer(0, [1], { duration: 1 })
        worker.die(late)
        expect(warning).toHaveBeenCalledWith(expect.stringContaining('an error ended it'), {
          type: 'ParforWarning',
          code: 'PARFOR_LATE_ERROR',
          detail: late.cause.stack,
        })
      })

      it('warns when the next task had been sent, and not begun: it is run elsewhere', async () => {
        const warning = warnings()
        const { worker, run, ended } = open()
        await worker.start()
        run(tasks('a'))
        worker.answer(0, [1], { duration: 1 })
        run(tasks('b'))
        worker.die(late)
        await settled()
        expect(ended[1]).toMatchObject({ running: undefined, rest: [0] })
        expect(warning.mock.calls).toEqual([
          [expect.stringContaining('an error ended it'), expect.objectContaining({ code: 'PARFOR_LATE_ERROR' })],
        ])
      })

      it('does not warn when a task ran, or when it never was there', async () => {
        const warning = warnings()
        const busy = open()
        await busy.worker.start()
        busy.run(tasks('a'))
        busy.worker.begin(0)
        busy.worker.die(late)
        const starting = open()
        expect(starting.client.isReady).toBe(false)
        starting.worker.die(late)
        expect(warning).not.toHaveBeenCalled()
      })

      it('does not warn when there is no error: it was ended', async () => {
        const warning = warnings()
        const { worker } = open()
        await worker.start()
        worker.die()
        expect(warning).not.toHaveBeenCalled()
      })
    })
  })

  describe('asked to tell now', () => {
    it('tells what is on the way, and what is held back', () => {
      const { worker, client, run, outcomes } = open()
      const it = run(tasks('a', 'b', 'c'))
      worker.begin(2)
      worker.isSlow = true
      worker.answer(0, [1])
      worker.hold(1, 2)
      client.tellNow(it)
      expect(outcomes).toEqual([
        [10, 1],
        [11, 2],
      ])
    })

    it('does not while it tells: the rest of that message comes first', () => {
      const { worker, client, run, outcomes } = open()
      const it = run(tasks('a', 'b', 'c'), () => client.tellNow(it))
      worker.begin(2)
      worker.isSlow = true
      worker.answer(0, [1, 2])
      worker.answer(2, [3], { duration: 1 })
      worker.deliver()
      expect(outcomes).toEqual([
        [10, 1],
        [11, 2],
        [12, 3],
      ])
    })
  })

  describe('asked whether a task still runs', () => {
    it('says so when it does', () => {
      const { worker, client, run } = open()
      const it = run(tasks('a', 'b'))
      worker.begin(0)
      expect(client.stillRuns(it, 0, 0)).toBe(true)
      expect(client.stillRuns(it, 1, 0)).toBe(false)
    })

    it('tells first of what is on the way', () => {
      const { worker, client, run, outcomes } = open()
      const it = run(tasks('a', 'b'))
      worker.begin(0)
      worker.isSlow = true
      worker.answer(0, [1])
      expect(client.stillRuns(it, 0, 0)).toBe(false)
      expect(outcomes).toEqual([[10, 1]])
    })

    it('tells first of what is held back', () => {
      const { worker, client, run, outcomes } = open()
      const it = run(tasks('a', 'b'))
      worker.begin(1)
      worker.hold(0, 1)
      expect(client.stillRuns(it, 1, 0)).toBe(true)
      expect(outcomes).toEqual([[10, 1]])
    })

    it('tells that those before it cannot be read, when they are neither on the way nor held', () => {
      const { worker, client, run, outcomes } = open()
      const it = run(tasks('a', 'b', 'c', 'd'))
      worker.begin(3)
      worker.hold(2, 3)
      expect(client.stillRuns(it, 3, 0)).toBe(true)
      expect(outcomes).toEqual([unread(10), unread(11), [12, 3]])
      expect(it.unreported).toEqual([3])
    })

    it('tells what was held back, though it was posted just then', () => {
      const { worker, client, run, outcomes } = open()
      const it = run(tasks('a', 'b'))
      worker.begin(1)
      let asked = 0
      jest.spyOn(worker, 'deliver').mockImplementation(() => {
        asked += 1
        if (asked === 2) {
          jest.restoreAllMocks()
          worker.answer(0, [1])
        }
      })
      expect(client.stillRuns(it, 1, 0)).toBe(true)
      expect(outcomes).toEqual([[10, 1]])
    })

    it('takes no outcome for one that cannot be read when another task has begun meanwhile', () => {
      const { worker, client, run, outcomes } = open()
      const it = run(tasks('a', 'b', 'c'))
      worker.begin(1)
      let asked = 0
      jest.spyOn(worker, 'deliver').mockImplementation(() => {
        asked += 1
        if (asked !== 1) return
        worker.begin(2)
        worker.hold(1, 2)
      })
      expect(client.stillRuns(it, 1, 0)).toBe(false)
      expect(outcomes).toEqual([])
    })

    it('cannot say so while an outcome waits for an import', async () => {
      const { worker, client, run } = open()
      const it = run(tasks('a', 'b'))
      const { result, finish } = imported('perhaps its own')
      worker.begin(0)
      worker.answer(0, [], { results: [result] })
      expect(client.stillRuns(it, 0, 0)).toBe(false)
      await finish()
      worker.answer(1, [2], { duration: 0 })
      await it.done
    })

    it('says that it does not when the worker is lost with what is on the way', () => {
      const { worker, client, run } = open()
      const it = run(tasks('a', 'b'))
      worker.begin(1)
      jest.spyOn(worker, 'deliver').mockImplementation(() => worker.die())
      expect(client.stillRuns(it, 1, 0)).toBe(false)
    })

    it('says that it does not when what is held back ends the run', () => {
      const { worker, client, run, outcomes } = open()
      const it = run(tasks('a', 'b', 'c'), () => worker.die())
      worker.begin(2)
      worker.hold(0, 1, 2)
      expect(client.stillRuns(it, 2, 0)).toBe(false)
      expect(outcomes).toEqual([
        [10, 1],
        [11, 2],
      ])
    })
  })

  describe('that leaves its worker', () => {
    it('tells of all that has come, lets it begin no other task, and tells of nothing later', async () => {
      const { worker, client, run, outcomes, ended } = open()
      run(tasks('a', 'b', 'c'))
      worker.begin(2)
      worker.isSlow = true
      worker.answer(0, [1])
      client.leave()
      expect(Atomics.load(worker.words, Words.limit)).toBe(0)
      worker.answer(1, [2, 3], { duration: 1 })
      worker.deliver()
      worker.die()
      await settled()
      expect([outcomes, ended]).toEqual([[[10, 1]], []])
    })

    it('tells of nothing that waits for an import then', async () => {
      const { worker, client, run, outcomes, ended } = open()
      run(tasks('a'))
      const { result, finish } = imported('too late')
      worker.answer(0, [], { results: [result], duration: 1 })
      client.leave()
      await finish()
      expect([outcomes, ended]).toEqual([[], []])
    })

    it('has nothing to leave when there is no run', () => {
      const { worker, client } = open()
      client.leave()
      expect(worker.requests).toEqual([])
    })
  })

  describe('when a call has ended', () => {
    beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] }))
    afterEach(() => jest.useRealTimers())

    it('holds nothing of one that has ended while its task was refused', async () => {
      const { worker, client } = open()
      /** A function of its own: what is in it is held by nobody else. */
      const refuse = () => {
        const outgoing = new OutgoingCall(own)
        const batch = { call: own, start: 0, tasks: [delayed(String)(unsendable)] }
        const run = new WorkerRun(worker.words, outgoing, batch, [0], () => client.endCall(outgoing))
        void client.run(run)
        return new WeakRef(outgoing)
      }
      const refused = refuse()
      expect(await collectGarbage(() => refused.deref() === undefined)).toBe(true)
    })

    it('tells the worker soon, once, and not of a call that it knows nothing of', () => {
      const { worker, client, call, run } = open()
      client.endCall(call)
      run(tasks('a'))
      worker.answer(0, [1], { duration: 1 })
      client.endCall(call)
      client.endCall(call)
      jest.advanceTimersByTime(20)
      expect(worker.requests.slice(1)).toEqual([{ kind: 'end', calls: [call.id] }])
      jest.runAllTimers()
      expect(worker.requests.length).toBe(2)
    })

    it('tells it with the next batch, when that is sooner: it is one message less', () => {
      const { worker, client, call, run } = open()
      run(tasks('a'))
      worker.answer(0, [1], { duration: 1 })
      client.endCall(call)
      run(tasks('b'))
      jest.runAllTimers()
      expect(worker.requests.map(({ kind }) => kind)).toEqual(['run', 'run'])
      expect(worker.batches.map(({ over }) => over)).toEqual([undefined, [call.id]])
    })

    it('sends what a worker had of it anew, should there be more', () => {
      const { worker, client, call, run } = open()
      const fn = delayed((n: number) => n)
      run([fn(1)])
      worker.answer(0, [1], { duration: 1 })
      client.endCall(call)
      run([fn(2)])
      expect(worker.batches.map(({ units }) => units?.length)).toEqual([1, 1])
    })

    it('tells nothing to a worker that is gone', () => {
      const { worker, client, call, run } = open()
      run(tasks('a'))
      worker.die()
      client.endCall(call)
      jest.runAllTimers()
      expect(worker.requests.map(({ kind }) => kind)).toEqual(['run'])
    })

    it('with its last outcome, the end of the batch makes the worker free, and nothing is kept of the call', async () => {
      const { worker, client, call, run, outcomes, ended } = open()
      run(tasks('a'), () => client.endCall(call))
      worker.answer(0, [1])
      worker.answer(1, [])
      await settled()
      expect([ended, worker.isRef]).toEqual([[], true])
      worker.answer(1, [], { duration: 1 })
      await settled()
      expect(outcomes).toEqual([[10, 1]])
      expect([ended.length, worker.isRef]).toEqual([1, false])
      client.endCall(call)
      jest.runAllTimers()
      expect(worker.requests.map(({ kind }) => kind)).toEqual(['run', 'end'])
    })
  })
})

/** A run's methods, to be called without it. */
function bound(run: WorkerRun) {
  return { cancel: () => run.cancel(), takeBack: (kept: number) => run.takeBack(kept) }
}
