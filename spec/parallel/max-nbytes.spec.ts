import { delayed, kwargs, Parallel, parallelConfig, partial, shared, shutdown, transfer } from '../../lib'
import type { ParallelBackend } from '../../lib/backend'
import { manualBackend, settled } from '../support/manual-backend'
import { runProgram } from '../support/program'

/** 8000 bytes. */
const large = () => Float64Array.from({ length: 1000 }, (_, n) => n)

/** What an array is in, and how it is there. */
const kindOf = (array: NodeJS.ArrayBufferView) => array.buffer.constructor.name

describe('maxNbytes', () => {
  afterAll(shutdown)
  const parallel = Parallel({ nJobs: 2, backend: 'threads', maxNbytes: '4K' })

  it('has all tasks, on all workers, see one memory, which is not that of the caller', async () => {
    const cells = new Int32Array(2000)
    /** Gives true when the other task has written. */
    const meet = delayed((array: Int32Array) => {
      if (Atomics.add(array, 0, 1) === 1) return Atomics.notify(array, 0) >= 0
      return Atomics.wait(array, 0, 1, 20_000) !== 'timed-out'
    })
    expect(await Parallel({ nJobs: 2, maxNbytes: 4096, batchSize: 1 })([meet(cells), meet(cells)])).toEqual([
      true,
      true,
    ])
    expect(cells[0]).toBe(0)
  })

  it.each<[string, () => unknown]>([
    ['an argument', () => delayed((a: Float64Array) => [a, a.length, a[7]])(large())],
    [
      'deep in an argument',
      () => delayed(([{ m }]: [{ m: Map<string, Float64Array> }]) => m.get('a'))([{ m: new Map([['a', large()]]) }]),
    ],
    ['a named argument', () => delayed((_: number, { a }: { a: Float64Array }) => a)(1, kwargs({ a: large() }))],
    ['bound', () => delayed(partial((a: Float64Array, _: number) => a, large()))(1)],
    ['a Buffer', () => delayed((a: Buffer) => a)(Buffer.alloc(8000, 1))],
    ['a DataView', () => delayed((a: DataView) => a)(new DataView(large().buffer))],
    ['of big numbers', () => delayed((a: BigInt64Array) => a)(new BigInt64Array(1000))],
    ['a part', () => delayed((a: Float64Array) => a)(new Float64Array(5000).subarray(10, 1010))],
  ])('is for an array that is %s', async (_, make) => {
    const task = make() as { fn: (...args: unknown[]) => unknown; args: unknown[]; kwargs?: Record<string, unknown> }
    const { fn } = task
    const kind = delayed((...args: unknown[]) => {
      const found = fn(...args) as NodeJS.ArrayBufferView | [NodeJS.ArrayBufferView, ...unknown[]]
      const array = Array.isArray(found) ? found[0] : found
      return [array.constructor.name, array.buffer.constructor.name, array.byteLength]
    })
    const given = task.kwargs && Object.keys(task.kwargs).length > 0 ? [...task.args, task.kwargs] : task.args
    const [[name, buffer, bytes]] = (await parallel([kind(...given)])) as [[string, string, number]]
    expect([buffer, bytes]).toEqual(['SharedArrayBuffer', 8000])
    expect(name).toMatch(/Array|Buffer|DataView/)
  })

  it('is for captured variables, which share the memory with arguments', async () => {
    const cells = new Int32Array(2000)
    const task = delayed((array: Int32Array) => {
      array[5] = 6
      return [cells[5], cells.buffer.constructor.name]
    })
    expect(await parallel([task(cells)])).toEqual([[6, 'SharedArrayBuffer']])
    expect(cells[5]).toBe(0)
  })

  it('leaves arrays of so many bytes alone, and all when it is not given, or null', async () => {
    const kind = delayed(kindOf)
    const arrays = [new Uint8Array(4096), new Uint8Array(4097)]
    expect(await parallel(arrays.map((array) => kind(array)))).toEqual(['ArrayBuffer', 'SharedArrayBuffer'])
    for (const maxNbytes of [undefined, null]) {
      const copying = Parallel({ nJobs: 2, backend: 'threads', maxNbytes })
      expect(await copying([kind(large())])).toEqual(['ArrayBuffer'])
      const all = await parallelConfig({ maxNbytes: 5000 }, () => copying([kind(large())]))
      expect(all).toEqual([maxNbytes === null ? 'ArrayBuffer' : 'SharedArrayBuffer'])
    }
  })

  it('has no effect on a bare ArrayBuffer, on memory that can grow, on memory with more to it, and in the calling thread', async () => {
    const { buffer } = large()
    expect(await parallel([delayed((b: ArrayBuffer) => b.constructor.name)(buffer)])).toEqual(['ArrayBuffer'])
    const grows = new Uint8Array(
      new (ArrayBuffer as never as new (n: number, o: object) => ArrayBuffer)(8000, { maxByteLength: 9000 }),
    )
    const tagged = large()
    Object.assign(tagged.buffer, { tag: 1 })
    expect(await parallel([grows, tagged].map((array) => delayed(kindOf)(array)))).toEqual([
      'ArrayBuffer',
      'ArrayBuffer',
    ])
    const array = large()
    expect((await Parallel({ nJobs: 1, maxNbytes: 1 })([delayed((a: Float64Array) => a)(array)]))[0]).toBe(array)
  })

  it('keeps identity: of an array that is there twice, of the buffer of two views, whatever comes first', async () => {
    const [a, b, c, d, e] = [large(), large(), large(), large(), large()]
    const task = delayed((pairs: (NodeJS.ArrayBufferView | ArrayBuffer)[][]) =>
      pairs.map(([one, other]) => {
        const bufferOf = (value: unknown) => (ArrayBuffer.isView(value) ? value.buffer : value) as ArrayBufferLike
        const last = (value: unknown) => new Uint8Array(bufferOf(value)).at(-1)
        return [one === other, bufferOf(one) === bufferOf(other), bufferOf(one).constructor.name, last(one)]
      }),
    )
    const pairs = [
      [a, a],
      [b, b.subarray(3, 5)],
      [c.subarray(3, 5), c],
      [d, d.buffer],
      [e.buffer, e],
    ]
    const last = new Uint8Array(a.buffer).at(-1)
    expect(await parallel([task(pairs)])).toEqual([
      [
        [true, ...rest()],
        [false, ...rest()],
        [false, ...rest()],
        [false, ...rest()],
        [false, ...rest()],
      ],
    ])
    function rest() {
      return [true, 'SharedArrayBuffer', last]
    }
  })

  it('keeps the places of views in their buffer, of which only what they show is read', async () => {
    const numbers = Float64Array.from({ length: 10_000 }, (_, n) => n + 1)
    const task = delayed((view: Float64Array) => {
      const all = new Float64Array(view.buffer)
      return [view[0], view.length, view.byteOffset, all.length, all.filter((n) => n > 0).length >= view.length]
    })
    const parts = [numbers.subarray(0, 1000), numbers.subarray(500, 1500), numbers.subarray(9000)]
    expect(await parallel(parts.map((part) => task(part)))).toEqual([
      [1, 1000, 0, 10_000, true],
      [501, 1000, 4000, 10_000, true],
      [9001, 1000, 72_000, 10_000, true],
    ])
    const few = new Float64Array(20_000).fill(1)
    const count = delayed((view: Float64Array) => new Float64Array(view.buffer).filter((n) => n > 0).length)
    expect(await parallel([count(few.subarray(100, 1100))])).toEqual([1000])
  })

  it('shows an array as it was when the first task with it was sent', async () => {
    const array = large()
    const first = delayed((a: Float64Array) => a[0])
    const results = await Parallel({ nJobs: 2, maxNbytes: 4096, batchSize: 1, preDispatch: 1 })(function* () {
      for (let n = 0; n < 4; n += 1) {
        yield first(array)
        array.fill(n + 1)
      }
    })
    expect(results).toEqual([0, 0, 0, 0])
    expect(await parallel([first(array)])).toEqual([4])
  })

  it('yields to transfer, and leaves shared arrays what they are', async () => {
    const given = large()
    expect(await parallel([delayed(kindOf)(transfer(given))])).toEqual(['ArrayBuffer'])
    expect(given.length).toBe(0)
    const own = shared(Int32Array, 2000)
    const [back] = await parallel([
      delayed((array: Int32Array) => {
        array[3] = 4
        return array
      })(own),
    ])
    expect(own[3]).toBe(4)
    own[3] = 5
    expect(back?.[3]).toBe(5)
  })

  it('does not hand over what a task gives away of it: that is a copy', async () => {
    const give = delayed((a: Float64Array) => transfer(a))
    const array = large()
    const results = await parallel([give(array), give(array)])
    expect(results.map((result) => [kindOf(result), result[7]])).toEqual([
      ['ArrayBuffer', 7],
      ['ArrayBuffer', 7],
    ])
    expect(array.length).toBe(1000)
  })

  it('tells the backend, when its tasks can see shared memory', async () => {
    for (const supportsSharedMemory of [true, false]) {
      const { backend, sent } = manualBackend({ supportsSharedMemory } satisfies Partial<ParallelBackend>)
      const call = Parallel({ backend, nJobs: 2, maxNbytes: '1M' })([delayed(() => 1)()])
      await settled()
      expect(sent[0]?.batch.call.maxNbytes).toBe(supportsSharedMemory ? 2 ** 20 : undefined)
      await sent[0]?.complete([1])
      await call
    }
  })

  it.each<[unknown, new (m: string) => Error]>([
    [0, RangeError],
    [-1, RangeError],
    ['1X', RangeError],
    [true, TypeError],
    [{}, TypeError],
  ])('refuses %p', (maxNbytes, type) => {
    expect(() => Parallel({ maxNbytes: maxNbytes as never })).toThrow(type)
    expect(() => Parallel({ maxNbytes: maxNbytes as never })).toThrow('maxNbytes must be a number of bytes above 0')
  })
})

describe('What a task returns of an array in shared memory', () => {
  afterAll(shutdown)
  const parallel = Parallel({ nJobs: 2, backend: 'threads', maxNbytes: 2000 })
  const numbers = () => Float64Array.from({ length: 20_000 }, (_, n) => n)

  it.each<[string, number, (a: Float64Array) => Float64Array, number, number]>([
    ['all of it', 20_000, (a) => a, 0, 160_000],
    ['all of a short one', 300, (a) => a, 0, 2400],
    ['a large part', 20_000, (a) => a.subarray(100, 10_100), 100, 80_000],
    ['a small part', 20_000, (a) => a.subarray(5, 6), 5, 8],
    ['nearly all of it', 300, (a) => a.subarray(1), 1, 2400],
  ])('is a copy of its own: %s', async (_, length, take, first, bytes) => {
    const array = numbers().subarray(0, length).slice()
    const [one, other] = await parallel([delayed(take)(array), delayed(take)(array)])
    for (const result of [one, other]) {
      expect(result).toEqual(take(array))
      expect([kindOf(result), result[0], result.buffer.byteLength]).toEqual(['ArrayBuffer', first, bytes])
    }
    one[0] = -1
    expect([other[0], array[first]]).toEqual([first, first])
  })

  it('keeps identity: two views are of one buffer', async () => {
    const [views] = await parallel([delayed((a: Float64Array) => [a, a.subarray(3, 5), a.buffer, a])(numbers())])
    const [all, part, buffer, again] = views as [Float64Array, Float64Array, ArrayBuffer, Float64Array]
    expect([kindOf(all), all.buffer === buffer, part.buffer === buffer, all === again]).toEqual([
      'ArrayBuffer',
      true,
      true,
      true,
    ])
    expect([...part]).toEqual([3, 4])
  })

  it('is a copy too of a Buffer, a DataView, a field of an error, what was captured', async () => {
    const [buffer, view] = await parallel([
      delayed((b: Buffer) => b)(Buffer.alloc(5000, 'ab')),
      delayed((v: DataView) => v)(new DataView(numbers().buffer)),
    ])
    expect([Buffer.isBuffer(buffer), kindOf(buffer), buffer.length, String(buffer.subarray(0, 2))]).toEqual([
      true,
      'ArrayBuffer',
      5000,
      'ab',
    ])
    expect([kindOf(view), view.byteLength]).toEqual(['ArrayBuffer', 160_000])
    const array = numbers()
    const fail = delayed(() => {
      throw Object.assign(new Error('no'), { array })
    })
    const error = await parallel([fail()]).then(
      () => undefined,
      (error: { array: Float64Array }) => error,
    )
    expect([kindOf(error?.array as Float64Array), error?.array[7]]).toEqual(['ArrayBuffer', 7])
    const [captured] = await parallel([delayed(() => array)()])
    expect([kindOf(captured), captured[9]]).toEqual(['ArrayBuffer', 9])
  })
})

describe('A call inside a task, with an array in shared memory', () => {
  const run = (options: string) =>
    runProgram({
      'main.mjs': `import { delayed, Parallel } from 'parfor'
        const change = delayed((a) => {
          a[0] = 5
          return [a, a.buffer.constructor.name]
        })
        const outer = delayed(async (array) => {
          const [[inner, kind], [part]] = await Parallel({ nJobs: 2, backend: 'threads', ${options} })(
            [change(array), change(array.subarray(9000))],
          )
          return { array, inner, part, kind }
        })
        const array = new Float64Array(10_000).fill(1)
        const [result] = await Parallel({ nJobs: 3, maxNbytes: 1000 })([outer(array)])
        const tell = (value) => [value[0], value.length, value.buffer.constructor.name]
        console.log(JSON.stringify([result.kind, tell(result.array), tell(result.inner), tell(result.part)]))`,
    })

  it.each([
    ['copies it as any other', '', 'ArrayBuffer', 1],
    ['shares it further, if it is to', 'maxNbytes: 1000', 'SharedArrayBuffer', 5],
  ])('%s, and what comes back is a copy', async (_, options, kind, first) => {
    const { stdout, stderr } = await run(options)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([
      kind,
      [first, 10_000, 'ArrayBuffer'],
      [5, 10_000, 'ArrayBuffer'],
      [5, 1000, 'ArrayBuffer'],
    ])
  })
})

describe('The memory of large arrays', () => {
  it('is given back when a call is over, and while it lasts, when nobody has the array any more', async () => {
    const { stdout } = await runProgram(
      {
        'main.mjs': `import { setImmediate } from 'node:timers/promises'
          import { delayed, Parallel } from 'parfor'
          const MB = 2 ** 20
          const first = delayed((array) => { globalThis.gc(); return array[0] })
          const parallel = Parallel({ nJobs: 2, backend: 'threads', maxNbytes: '1M', batchSize: 1, preDispatch: 1 })
          const rss = () => process.memoryUsage().rss / MB
          let most = 0
          const collect = async () => {
            for (let n = 0; n < 3; n += 1) { await setImmediate(); gc() }
            most = Math.max(most, rss())
          }
          await parallel([first(new Uint8Array(2 * MB).fill(1)), first([])])
          await collect()
          const before = rss()
          for (let n = 0; n < 10; n += 1) {
            const array = new Uint8Array(40 * MB).fill(1)
            await parallel([first(array), first(array)])
            await collect()
          }
          const ofCalls = most - before
          most = 0
          await parallel(async function* () {
            for (let n = 0; n < 10; n += 1) {
              yield first(new Uint8Array(40 * MB).fill(1))
              await collect()
            }
          })
          console.log(JSON.stringify([ofCalls, most - before]))`,
      },
      ['--expose-gc', 'main.mjs'],
    )
    // Without: 400 MB each. Up to three arrays and their memory are in use at a time.
    const grown = JSON.parse(stdout) as number[]
    for (const growth of grown) expect(growth).toBeLessThan(280)
  }, 60_000)
})
