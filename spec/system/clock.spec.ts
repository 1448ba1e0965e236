import { Worker } from 'node:worker_threads'
import { sharedNow, since, toStamp } from '../../lib/system/clock'

describe('The shared clock', () => {
  it('is the same for all threads', async () => {
    const file = require.resolve('../../lib/system/clock')
    const { outputText } = require('typescript').transpileModule(require('node:fs').readFileSync(file, 'utf8'), {
      compilerOptions: { module: 'commonjs' },
    })
    const before = sharedNow()
    const worker = new Worker(`${outputText}; require('node:worker_threads').parentPort.postMessage(sharedNow())`, {
      eval: true,
    })
    const there = await new Promise<number>((resolve) => worker.once('message', resolve))
    const after = sharedNow()
    await worker.terminate()
    expect(there).toBeGreaterThan(before)
    expect(there).toBeLessThan(after)
  })
})

describe('A stamp', () => {
  it.each([0, 12.3, 2 ** 31 - 1.5, 2 ** 31 + 7.9, 2 ** 32 + 0.1, 5e12])('of %p fits into a word', (now) => {
    expect(new Int32Array([toStamp(now)])[0]).toBe(toStamp(now))
  })

  it.each([0, 12.3, 2 ** 31 - 10, 2 ** 32 - 10.5, 2 ** 32 + 0.1, 5e12])('of %p tells how long that is ago', (now) => {
    for (const passed of [0, 0.4, 1, 20.7, 60_000, 2 ** 30]) {
      const told = since(toStamp(now), now + passed)
      expect(told).toBeLessThanOrEqual(passed)
      expect(told).toBeGreaterThan(passed - 2)
    }
  })
})
