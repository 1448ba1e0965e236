import { currentNested } from '../../lib/config/nested'
import { delayed, effectiveNJobs, NestingError, Parallel } from '../../lib/index'
import { manualBackend, settled } from '../support/manual-backend'
import { runProgram } from '../support/program'
import { identity } from './tasks'

describe('a call inside a task', () => {
  it('runs one job, in the thread of the task', async () => {
    const inner = delayed(async () => [effectiveNJobs(), await Parallel()([delayed(currentNested)()])])
    expect(await Parallel(1)([inner()])).toEqual([[1, [{ level: 2 }]]])
    expect(currentNested()).toBeUndefined()
  })

  it('may use the Parallel that runs it', async () => {
    const parallel = Parallel(1)
    const sumOf = delayed(async (numbers: number[]) => {
      const squares = await parallel(numbers.map((n) => delayed((m: number) => m * m)(n)))
      return squares.reduce((a, b) => a + b, 0)
    })
    expect(await parallel([sumOf([1, 2]), sumOf([3, 4])])).toEqual([5, 25])
  })

  it('may be ten levels deep, and no deeper', async () => {
    const nest = async (levels: number): Promise<number> => {
      if (levels === 0) return 0
      const [below] = await Parallel(1)([delayed(nest)(levels - 1)])
      return below + 1
    }
    expect(await nest(10)).toBe(10)
    await expect(nest(11)).rejects.toThrow(NestingError)
    await expect(Parallel(1)([delayed(nest)(50)])).rejects.toThrow('deeper than 10 levels')
  })

  it('is level 1 for all that is no task: input, progress, and what follows', async () => {
    const levels: unknown[] = []
    const see = () => levels.push(currentNested())
    await Parallel({ nJobs: 1, batchSize: 1, onProgress: see })(function* () {
      for (const n of [1, 2, 3]) {
        see()
        yield delayed(async (m: number) => m)(n)
      }
    })
    see()
    expect(levels).toEqual(Array.from({ length: 7 }, () => undefined))
  })

  it('tells its backend how deep it is', async () => {
    const { backend, sent } = manualBackend()
    const call = Parallel({ nJobs: 2, backend })([identity(0)])
    await settled()
    expect(sent[0]?.batch.call.nested).toEqual({ level: 1 })
    await sent[0]?.complete([0])
    await call
  })
})

// Programs, since a worker cannot load the source of the library that specs run.
describe.each(['threads', 'sequential'])('An error of a call inside a task, on %s', (backend) => {
  const print = (body: string) =>
    runProgram({
      'main.mjs': `import { delayed, Parallel, taskInfo } from 'parfor'
        class DeepError extends RangeError {
          name = 'DeepError'
          constructor(message, depth, options) {
            super(message, options)
            this.depth = depth
          }
        }
        const inner = delayed(function inner(n) {
          if (n === 2) throw new DeepError('too deep', 2, { cause: new TypeError('no ground') })
          return n
        })
        const options = { nJobs: 2, backend: '${backend}' }
        const print = (value) => console.log(JSON.stringify(value))
        ${body}`,
    })

  it('is that of the outer call: its class, fields and cause, the stack of the inner task, the name of the outer', async () => {
    const { stdout } = await print(`
      const outer = delayed(async function outer(from) {
        return await Parallel(1)([inner(from), inner(from + 1)])
      })
      const error = await Parallel(options)([outer(5), outer(1)]).catch((error) => error)
      const { message, depth, cause } = error
      const { index, name } = taskInfo(error)
      print({ isSame: error instanceof DeepError, message, depth, cause: String(cause), index, name,
        isStackOfInner: /at inner .*main.mjs:10:/.test(error.stack) })`)
    expect(JSON.parse(stdout)).toEqual({
      ...{ isSame: true, message: 'too deep', depth: 2, cause: 'TypeError: no ground' },
      ...{ index: 1, name: 'outer', isStackOfInner: true },
    })
  })

  it('can be caught in the task, and be the cause of another', async () => {
    const { stdout } = await print(`
      const outer = delayed(async (from) => {
        try {
          return await Parallel(1)([inner(from)])
        } catch (cause) {
          throw new Error('in outer', { cause })
        }
      })
      const [good, bad] = await Parallel({ ...options, onError: 'settle' })([outer(5), outer(2)])
      const { message, cause } = bad.reason
      print([good.value, message, cause instanceof DeepError, cause.depth])`)
    expect(JSON.parse(stdout)).toEqual([[5], 'in outer', true, 2])
  })
})
