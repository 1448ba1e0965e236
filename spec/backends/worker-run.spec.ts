import { OutgoingCall } from '../../lib/backends/outgoing-call'
import { type Lost, WorkerRun } from '../../lib/backends/worker-run'
import { sharedNow, toStamp } from '../../lib/system/clock'
import { delayed } from '../../lib/task/delayed'
import { sharedWords } from '../../lib/worker/outbox'
import { ENDED, NO_LIMIT, UNREADABLE, Words } from '../../lib/worker/protocol'

const now = 1000

/** Some tasks of a batch, and the words of the worker that they were sent to: the spec writes what it does with them. */
function runOf(positions: readonly number[]) {
  const words = sharedWords()
  const tasks = Array.from({ length: 10 }, (_, n) => delayed(Math.abs)(n))
  const call = new OutgoingCall({ nested: { level: 1 } })
  const run = new WorkerRun(words, call, { call, start: 0, tasks }, positions, () => {})
  run.id = 7
  return {
    words,
    run,
    send() {
      run.open()
      run.state = 'sent'
    },
    /** The worker runs the task at this place among those that were sent. */
    begin(at: number) {
      Atomics.store(words, Words.opened, run.id)
      Atomics.store(words, Words.batch, run.id)
      Atomics.store(words, Words.running, at + 1)
    },
    /** For how long the task that runs has been running, and the batch. */
    age(ms: number, batchMs: number) {
      Atomics.store(words, Words.started, toStamp(now - ms))
      Atomics.store(words, Words.begun, toStamp(now - batchMs))
    },
    end: () => void Atomics.store(words, Words.running, ENDED + Atomics.load(words, Words.running)),
    get limit() {
      return Atomics.load(words, Words.limit)
    },
  }
}

/** The worker is that quick: it does this between what its caller writes and what its caller looks at then. */
function onceLimitIsWritten(act: () => void): void {
  const { store } = Atomics
  const spy: jest.SpyInstance<number, [Int32Array, number, number]> = jest.spyOn(Atomics, 'store') as never
  spy.mockImplementation((words, at, value) => {
    const written = store(words, at, value)
    if (at !== Words.limit) return written
    spy.mockRestore()
    act()
    return written
  })
}
afterEach(() => jest.restoreAllMocks())

const how = { exitCode: 1, reason: 'it exited with code 1' }
const told = ({ running, rest }: Lost) => ({ running, rest })

describe('A run', () => {
  describe('whose tasks are taken back', () => {
    it('keeps the task that runs and as many behind it as are to be kept', () => {
      const worker = runOf([2, 4, 6, 8, 9])
      worker.send()
      worker.begin(1)
      expect(worker.run.takeBack(1)).toEqual([8, 9])
      expect(worker.run.positions).toEqual([2, 4, 6])
      expect(worker.limit).toBe(3)
    })

    it('gives all of them when the worker has not begun', () => {
      const worker = runOf([2, 4])
      worker.send()
      expect(worker.run.takeBack(0)).toEqual([2, 4])
      expect(worker.run.positions).toEqual([])
      expect(worker.limit).toBe(0)
    })

    it('takes what the words tell of an earlier batch for nothing', () => {
      const worker = runOf([2, 4, 6])
      worker.begin(2)
      worker.run.id = 8
      worker.send()
      expect(worker.run.takeBack(0)).toEqual([2, 4, 6])
    })

    it('gives none before they are sent', () => {
      const worker = runOf([2, 4])
      worker.run.rest = [6]
      expect(worker.run.takeBack(0)).toEqual([])
      expect([worker.run.positions, worker.run.rest]).toEqual([[2, 4], [6]])
    })

    it('gives none when it was cancelled, and the worker still begins none', () => {
      const worker = runOf([2, 4])
      worker.send()
      worker.begin(0)
      worker.run.cancel()
      expect(worker.run.takeBack(5)).toEqual([])
      expect(worker.limit).toBe(0)
    })

    it('gives none when the worker has been through with them', () => {
      const worker = runOf([2, 4])
      worker.send()
      worker.begin(1)
      worker.end()
      expect(worker.run.takeBack(0)).toEqual([])
      expect(worker.run.positions).toEqual([2, 4])
    })

    it('gives those that did not fit into the message too, once, behind the others', () => {
      const worker = runOf([2, 4])
      worker.run.rest = [6, 8]
      worker.send()
      worker.begin(0)
      expect(worker.run.takeBack(0)).toEqual([4, 6, 8])
      expect(worker.run.takeBack(0)).toEqual([])
    })

    it('gives none again, and lets the worker begin none of them, however many are to be kept', () => {
      const worker = runOf([2, 4, 6, 8])
      worker.send()
      worker.begin(0)
      expect(worker.run.takeBack(1)).toEqual([6, 8])
      expect(worker.run.takeBack(3)).toEqual([])
      expect(worker.limit).toBe(2)
      expect(worker.run.takeBack(0)).toEqual([4])
      expect(worker.limit).toBe(1)
    })

    it('leaves the worker a task that it announces meanwhile: it may not have seen the limit', () => {
      const worker = runOf([2, 4, 6])
      worker.send()
      worker.begin(0)
      onceLimitIsWritten(() => worker.begin(1))
      expect(worker.run.takeBack(0)).toEqual([6])
      expect(worker.run.positions).toEqual([2, 4])
      expect(worker.limit).toBe(1)
    })

    it('leaves the worker the first one, when that is announced meanwhile', () => {
      const worker = runOf([2, 4, 6])
      worker.send()
      onceLimitIsWritten(() => worker.begin(0))
      expect(worker.run.takeBack(0)).toEqual([4, 6])
      expect(worker.run.positions).toEqual([2])
    })

    it('writes the limit before it looks: what is announced before that is seen', () => {
      const worker = runOf([2, 4])
      worker.send()
      worker.begin(0)
      onceLimitIsWritten(() => {
        worker.begin(1)
        worker.end()
      })
      expect(worker.run.takeBack(0)).toEqual([])
      expect(worker.run.positions).toEqual([2, 4])
    })
  })

  describe('that is cancelled', () => {
    it('is at rest before it is sent', () => {
      const worker = runOf([2])
      expect(worker.run.cancel()).toBe(true)
    })

    it('is at rest when every task has its outcome', () => {
      const worker = runOf([2, 4])
      worker.send()
      worker.begin(1)
      worker.run.reported = 2
      expect(worker.run.cancel()).toBe(true)
    })

    it('is not while one has none, and the worker begins no other', () => {
      const worker = runOf([2, 4])
      worker.send()
      expect(worker.limit).toBe(NO_LIMIT)
      worker.begin(1)
      worker.run.reported = 1
      expect(worker.run.cancel()).toBe(false)
      expect(worker.limit).toBe(0)
    })

    it('is not while there are tasks that are sent later', () => {
      const worker = runOf([2])
      worker.send()
      worker.run.reported = 1
      worker.run.later = [4]
      expect(worker.run.cancel()).toBe(false)
    })
  })

  describe('that is looked at', () => {
    it('tells which task runs, for how long, what those before it have taken, and how many wait', () => {
      const worker = runOf([2, 4, 6, 8])
      worker.send()
      worker.begin(1)
      worker.run.reported = 1
      worker.age(30, 50)
      expect(worker.run.look(now)).toEqual({ position: 4, elapsed: 30, average: 25, waiting: 2 })
    })

    it('counts those that did not fit into the message, and not those that were taken back', () => {
      const worker = runOf([2, 4, 6])
      worker.run.rest = [8, 9]
      worker.send()
      worker.begin(0)
      expect(worker.run.look(now)?.waiting).toBe(4)
      worker.run.takeBack(0)
      expect(worker.run.look(now)?.waiting).toBe(0)
    })

    it('tells of a task though outcomes before it are held back', () => {
      const worker = runOf([2, 4, 6])
      worker.send()
      worker.begin(2)
      expect(worker.run.look(now)?.position).toBe(6)
    })

    it('tells nothing before it is sent, or before the worker has begun it', () => {
      const worker = runOf([2])
      worker.begin(0)
      expect(worker.run.look(now)).toBeUndefined()
      worker.run.id = 8
      worker.send()
      expect(worker.run.look(now)).toBeUndefined()
    })

    it('tells nothing while the worker is between two tasks, or has ended', () => {
      const worker = runOf([2])
      worker.send()
      worker.begin(-1)
      expect(worker.run.look(now)).toBeUndefined()
      worker.end()
      expect(worker.run.look(now)).toBeUndefined()
    })

    it('tells nothing of a task whose outcome is here: the next one was not announced yet', () => {
      const worker = runOf([2, 4])
      worker.send()
      worker.begin(0)
      worker.run.reported = 1
      expect(worker.run.look(now)).toBeUndefined()
    })

    it('tells nothing of a worker that is not to go on', () => {
      const worker = runOf([2])
      worker.send()
      worker.begin(0)
      worker.run.cancel()
      expect(worker.run.look(now)).toBeUndefined()
    })
  })

  it('knows which tasks are over: those before the one that was announced; all that have run, at the end', () => {
    const worker = runOf([1, 2, 3])
    expect(worker.run.over).toBe(0)
    worker.send()
    expect(worker.run.over).toBe(0)
    worker.begin(0)
    expect(worker.run.over).toBe(0)
    worker.begin(2)
    expect(worker.run.over).toBe(2)
    worker.end()
    expect(worker.run.over).toBe(3)
    worker.begin(1)
    worker.end()
    expect(worker.run.over).toBe(2)
  })

  it('waits for its message to be read, and for what its last task has printed', () => {
    const worker = runOf([1, 2])
    expect(worker.run.waitsFor).toBeUndefined()
    worker.send()
    expect(worker.run.waitsFor).toBe('message 7')
    worker.begin(1)
    expect(worker.run.waitsFor).toBeUndefined()
    Atomics.store(worker.words, Words.over, 2)
    expect(worker.run.waitsFor).toBe('output 7 2')
  })

  it('waits for these also when it is cancelled and its worker is let be', () => {
    const worker = runOf([1, 2])
    worker.run.isBehind = true
    worker.send()
    expect(worker.run.cancel()).toBe(true)
    expect(worker.run.waitsFor).toBe('message 7')
    worker.begin(1)
    expect(worker.run.waitsFor).toBeUndefined()
    Atomics.store(worker.words, Words.over, 2)
    expect(worker.run.waitsFor).toBe('output 7 2')
  })

  it('has no task running that has ended, and waits for what it has printed', () => {
    const worker = runOf([1, 2])
    worker.send()
    worker.begin(0)
    Atomics.store(worker.words, Words.over, 1)
    expect(worker.run.look(now)).toBeUndefined()
    worker.begin(1)
    expect(worker.run.look(now)?.position).toBe(2)
  })

  it('has no outcome yet of what was sent, did not fit into the message, and is sent later', () => {
    const { run } = runOf([1, 2, 3])
    run.reported = 1
    run.rest = [4, 5]
    run.later = [6, 7, 8]
    expect(run.unreported).toEqual([2, 3, 4, 5, 6, 7, 8])
  })

  describe('that is lost', () => {
    it('tells which task ran, and the others that have no outcome', () => {
      const worker = runOf([1, 2, 3])
      worker.run.rest = [4]
      worker.run.later = [5]
      worker.send()
      worker.begin(1)
      worker.run.reported = 1
      const lost = worker.run.lost(how)
      expect([lost.how, lost.wasReading, told(lost)]).toEqual([how, false, { running: 2, rest: [3, 4, 5] }])
    })

    it('tells of none that ran when the outcome of that one is here', () => {
      const worker = runOf([1, 2, 3])
      worker.send()
      worker.begin(0)
      worker.run.reported = 1
      expect(told(worker.run.lost(how))).toEqual({ running: undefined, rest: [2, 3] })
    })

    it('tells of none that ran when the worker had not begun', () => {
      const worker = runOf([1, 2])
      worker.send()
      const lost = worker.run.lost(how)
      expect([lost.wasReading, told(lost)]).toEqual([false, { running: undefined, rest: [1, 2] }])
    })

    it('tells whether the worker was reading it, or could not', () => {
      const wasReading = (opened: number) => {
        const worker = runOf([1, 2])
        worker.send()
        Atomics.store(worker.words, Words.opened, opened)
        return worker.run.lost(how).wasReading
      }
      expect([7, UNREADABLE, 6].map(wasReading)).toEqual([true, true, false])
      expect(runOf([1]).run.lost(how).wasReading).toBe(false)
      const worker = runOf([1])
      worker.send()
      worker.begin(0)
      expect(worker.run.lost(how).wasReading).toBe(false)
    })

    it('tells what its tasks have taken there', () => {
      const worker = runOf([1, 2, 3])
      worker.run.duration = 1000
      expect(worker.run.lost(how).duration).toBe(1000)
      worker.send()
      worker.begin(1)
      Atomics.store(worker.words, Words.begun, toStamp(sharedNow() - 50_000))
      const { duration } = worker.run.lost(how)
      expect(duration).toBeGreaterThan(50_990)
      expect(duration).toBeLessThan(60_000)
    })

    it('tells of none that ran when the worker had been through', () => {
      const worker = runOf([1, 2])
      worker.send()
      worker.begin(1)
      worker.end()
      worker.run.reported = 1
      expect(told(worker.run.lost(how))).toEqual({ running: undefined, rest: [2] })
    })

    it('gives no task that was taken back', () => {
      const worker = runOf([1, 2, 3])
      worker.send()
      worker.begin(0)
      worker.run.takeBack(0)
      expect(told(worker.run.lost(how))).toEqual({ running: 1, rest: [] })
    })
  })
})
