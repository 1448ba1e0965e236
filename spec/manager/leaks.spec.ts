import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from '../support/program'

const census = readFileSync(join(__dirname, '../support/census.mjs'), 'utf8')

/** Runs a program that may collect garbage, and gives the JSON that it prints. */
async function run<T>(body: string): Promise<T> {
  const main = `
    import { setImmediate } from 'node:timers/promises'
    import { delayed, Manager, Parallel, shutdown } from 'parfor'
    import { census } from './census.mjs'

    const managers = () => globalThis[Symbol.for('parfor.managers')]
    /** Collects garbage until that shows, or ten times over. */
    const collect = async (isShown) => {
      for (let turn = 0; turn < 10 && !isShown(); turn += 1) {
        for (let n = 0; n < 10; n += 1) await setImmediate()
        gc()
      }
    }
    ${body}
  `
  const { stdout, ...ended } = await runProgram({ 'main.mjs': main, 'census.mjs': census }, [
    '--expose-gc',
    '--disable-warning=ExperimentalWarning',
    'main.mjs',
  ])
  expect(ended).toEqual({ code: 0, signal: null, stderr: '' })
  return JSON.parse(stdout)
}

describe('Nothing is left behind', () => {
  it('of a thousand managers that were made, used and dropped, here and in tasks', async () => {
    const left = await run<object>(`
      const use = async (n) => {
        const list = new Manager().list([n])
        if (n % 100 === 0) await Parallel(2)([delayed((list) => list.append(1))(list)])
        else await list.append(1)
      }
      for (let n = 0; n < 1000; n += 1) await use(n)
      await shutdown() // their lines end with the workers
      await collect(() => managers().homes.size === 0)
      console.log(JSON.stringify({ homes: managers().homes.size, listeners: process.listenerCount('workerMessage') }))`)
    expect(left).toEqual({ homes: 0, listeners: 0 })
  })

  it('in a worker, of a thousand things that it had of one manager, and the line to it when it has none', async () => {
    const left = await run<object>(`
      const manager = new Manager()
      const parallel = Parallel({ nJobs: 1, backend: 'threads' })
      const lists = Array.from({ length: 1000 }, () => manager.list())
      await parallel(lists.map((list) => delayed((list) => list.append(1))(list)))
      const count = delayed(async () => {
        const { setImmediate } = await import('node:timers/promises')
        const { elsewhere } = globalThis[Symbol.for('parfor.managers')]
        for (let turn = 0; turn < 20 && elsewhere.size > 0; turn += 1) {
          for (let n = 0; n < 10; n += 1) await setImmediate()
          gc()
        }
        return elsewhere.size
      })
      const [lines] = await parallel([count()])
      const again = await parallel([delayed((list) => list.append(2))(lists[0])])
      console.log(JSON.stringify({ lines, again: again.length, list: await lists[0].toArray() }))
      await shutdown()`)
    expect(left).toEqual({ lines: 0, again: 1, list: [1, 2] })
  })

  it('of managers that were closed: no port, no listener, nothing that keeps the program', async () => {
    const [before, after] = await run<[object, object]>(`
      const parallel = Parallel(2)
      const use = async () => {
        const manager = new Manager()
        const [list, queue, lock] = [manager.list(), manager.queue(), manager.lock()]
        await parallel([1, 2, 3].map((n) => delayed(async () => {
          await lock.withLock(() => list.append(n))
          await queue.put(n)
        })()))
        await manager.close()
      }
      const counts = async () => {
        await collect(() => false)
        const { ports, resources, listeners } = await census()
        return { ports, resources, listeners, homes: managers().homes.size }
      }
      for (let n = 0; n < 5; n += 1) await use()
      const before = await counts()
      for (let n = 0; n < 50; n += 1) await use()
      console.log(JSON.stringify([before, await counts()]))
      await shutdown()`)
    expect(after).toEqual(before)
    expect(after).toMatchObject({ homes: 0 })
  })
})
