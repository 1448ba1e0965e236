import { delayed, kwargs, Parallel, SerializationError, transfer, WorkerLostError } from '../../lib'
import { runProgram } from '../support/program'

const sum = (array: Float64Array | Uint8Array) => {
  let total = 0
  for (const element of array) total += element
  return total
}

const ones = (length: number) => new Float64Array(length).fill(1)

describe('transfer, around an argument', () => {
  it.each([1, 10, 100_000])('hands over %d numbers', async (length) => {
    await using parallel = Parallel(2)
    const arrays = [ones(length), ones(length), ones(length)]
    expect(await parallel(arrays.map((array) => delayed(sum)(transfer(array))))).toEqual([length, length, length])
    expect(arrays.map((array) => [array.length, array.buffer.byteLength])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
  })

  it('hands over nothing else', async () => {
    await using parallel = Parallel(2)
    const [given, kept, unasked] = [ones(3), ones(3), ones(3)]
    const both = delayed((a: Float64Array, b: Float64Array) => a.length + b.length)
    expect(await parallel([both(transfer(given), kept), delayed(sum)(unasked)])).toEqual([6, 3])
    expect([given, kept, unasked].map(({ length }) => length)).toEqual([0, 3, 3])
  })

  it('counts for that task only, which may be sent behind others with the same array', async () => {
    await using parallel = Parallel(2)
    const array = ones(5)
    const tasks = [delayed(sum)(array), delayed(sum)(array), delayed(sum)(transfer(array))]
    expect(await parallel(tasks)).toEqual([5, 5, 5])
    expect(array).toHaveLength(0)
  })

  it('takes all buffers of an object, whatever part of them is shown', async () => {
    await using parallel = Parallel(2)
    const array = ones(10)
    const [part, rest] = [array.subarray(2, 4), array.subarray(4)]
    const other = ones(2)
    const bytes = new ArrayBuffer(3)
    const task = delayed((data: { list: Float64Array[]; map: Map<string, Float64Array>; bytes: ArrayBuffer }) => [
      ...data.list.map(({ length, byteOffset, buffer }) => [length, byteOffset, buffer.byteLength]),
      data.list[0]?.buffer === data.list[1]?.buffer,
      data.map.get('other')?.length,
      data.bytes.byteLength,
    ])
    const data = { list: [part, rest], map: new Map([['other', other]]), bytes }
    expect(await parallel([task(transfer(data))])).toEqual([[[2, 16, 80], [6, 32, 80], true, 2, 3]])
    expect([array, part, rest, other].map(({ length }) => length)).toEqual([0, 0, 0, 0])
    expect(bytes.byteLength).toBe(0)
  })

  it('works for named arguments, and inside of others', async () => {
    await using parallel = Parallel(2)
    const [named, inside] = [ones(2), ones(3)]
    const task = delayed((a: { x: Float64Array }, b: { y: Float64Array }) => a.x.length + b.y.length)
    expect(await parallel([task({ x: transfer(inside) }, kwargs({ y: transfer(named) }))])).toEqual([5])
    expect([named.length, inside.length]).toEqual([0, 0])
  })

  it('keeps what cannot be detached, and copies it', async () => {
    await using parallel = Parallel(2)
    const [small, neighbour] = [Buffer.from('small'), Buffer.from('neighbour')]
    const view = new Uint8Array(small.buffer, small.byteOffset, small.length)
    const wasm = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 0, 4)
    const own = Buffer.alloc(100_000, 1)
    const text = delayed((bytes: Uint8Array) => String.fromCharCode(...bytes.subarray(0, 5)))
    expect(await parallel([text(transfer(small)), text(transfer(view)), text(transfer(wasm))])).toEqual([
      'small',
      'small',
      '\0\0\0\0',
    ])
    expect([String(small), String(neighbour), wasm.length]).toEqual(['small', 'neighbour', 4])
    expect(await parallel([delayed(sum)(transfer(own))])).toEqual([100_000])
    expect(own).toHaveLength(0)
  })

  it('leaves shared memory shared', async () => {
    await using parallel = Parallel(2)
    const cells = new Int32Array(new SharedArrayBuffer(8))
    const array = ones(4)
    const write = delayed((data: { cells: Int32Array; array: Float64Array }) => {
      data.cells[1] = data.array.length
    })
    await parallel([write(transfer({ cells, array }))])
    expect([...cells]).toEqual([0, 4])
    expect(array).toHaveLength(0)
  })

  it('keeps a buffer growable', async () => {
    await using parallel = Parallel(2)
    const buffer = new (ArrayBuffer as never as new (length: number, options: object) => ArrayBuffer)(4, {
      maxByteLength: 16,
    })
    const grow = delayed((buffer: ArrayBuffer) => {
      const resizable = buffer as ArrayBuffer & { resize(length: number): void }
      resizable.resize(12)
      return resizable.byteLength
    })
    expect(await parallel([grow(transfer(buffer))])).toEqual([12])
    expect(buffer.byteLength).toBe(0)
  })

  it('goes with functions beside it', async () => {
    await using parallel = Parallel(2)
    const scale = 3
    const apply = delayed((f: (n: number) => number, array: Float64Array) => array.map(f))
    const arrays = [ones(2), ones(40_000)]
    const results = await parallel(arrays.map((array) => apply((n) => n * scale, transfer(array))))
    expect(results.map((array) => [array.length, array[1]])).toEqual([
      [2, 3],
      [40_000, 3],
    ])
    expect(arrays.map(({ length }) => length)).toEqual([0, 0])
  })

  it.each([1, 7, 'auto'] as const)('moves with its task, for batchSize %s', async (batchSize) => {
    await using parallel = Parallel({ nJobs: 2, batchSize })
    const words = new Int32Array(new SharedArrayBuffer(4))
    // The first task waits for all others: they have to run elsewhere.
    const task = delayed((array: Float64Array, words: Int32Array, all: number) => {
      if (all > 0) for (let seen = 0; seen < all; seen = Atomics.load(words, 0)) Atomics.wait(words, 0, seen, 1000)
      Atomics.add(words, 0, 1)
      Atomics.notify(words, 0)
      return array.length
    })
    const sizes = Array.from({ length: 20 }, (_, n) => n + 1)
    const tasks = sizes.map((size) =>
      task(size % 2 === 0 ? ones(size) : transfer(ones(size)), words, size === 1 ? 19 : 0),
    )
    expect(await parallel(tasks)).toEqual(sizes)
  })

  it('is refused for a buffer that another task has taken', async () => {
    await using parallel = Parallel({ nJobs: 2, onError: 'settle' })
    const array = ones(10)
    const [first, second, third] = await parallel([
      delayed(sum)(transfer(array)),
      delayed((a: number, b: { array: Float64Array }) => a + b.array.length)(1, transfer({ array })),
      delayed(sum)(ones(3)),
    ])
    expect([first, third]).toEqual([
      { status: 'fulfilled', value: 10 },
      { status: 'fulfilled', value: 3 },
    ])
    const { reason } = second as PromiseRejectedResult
    expect(reason).toBeInstanceOf(SerializationError)
    expect(reason).toMatchObject({ side: 'task', taskIndex: 1, path: 'args[1].array' })
    expect(reason.message).toContain('its buffer is detached: it was transferred elsewhere')
  })

  it('is refused when the same task comes again, in this call or in another one', async () => {
    await using parallel = Parallel(2)
    const task = delayed(sum)(transfer(ones(3)))
    await expect(parallel([task, task])).rejects.toMatchObject({ code: 'PARFOR_UNSERIALIZABLE', taskIndex: 1 })
    await expect(parallel([task])).rejects.toMatchObject({ code: 'PARFOR_UNSERIALIZABLE', taskIndex: 0 })
  })

  it('cannot be run again when its worker was lost, and says why', async () => {
    await using parallel = Parallel({ nJobs: 2, retries: 1 })
    const exit = delayed((_: Float64Array) => process.exit(3))
    const error = await parallel([exit(transfer(ones(3)))]).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(SerializationError)
    expect(error).toMatchObject({ side: 'task', taskIndex: 0, path: 'args[0]' })
    expect(String(error)).toContain('it was handed over with transfer to one that was lost')
    await expect(Parallel(2)([exit(transfer(ones(3)))])).rejects.toBeInstanceOf(WorkerLostError)
  })

  it('comes back from a worker that cannot load what the task needs', async () => {
    const { stdout } = await runProgram({
      'main.mjs': `
        import { Parallel, delayed, transfer } from 'parfor'
        import { size } from './sizes.mjs'
        const array = new Float64Array(1000)
        const results = await Parallel({ nJobs: 2 })([delayed(size)(transfer(array)), delayed(size)(transfer([array.slice()]))])
        console.log(JSON.stringify([results, array.length]))`,
      'sizes.mjs': `
        import { isMainThread } from 'node:worker_threads'
        if (!isMainThread) throw new Error('not in a worker')
        export const size = (data) => data.length`,
    })
    expect(JSON.parse(stdout)).toEqual([[1000, 1], 0])
  })
})

describe('transfer, around a result', () => {
  it.each([1, 10, 100_000])('hands over %d numbers', async (length) => {
    await using parallel = Parallel(2)
    const make = delayed((length: number) => transfer(new Float64Array(length).fill(1)))
    const results = await parallel([make(length), make(length)])
    expect(results.map((array) => [array.length, sum(array)])).toEqual([
      [length, length],
      [length, length],
    ])
  })

  it('leaves nothing with the worker', async () => {
    await using parallel = Parallel({ nJobs: 1, backend: 'threads', batchSize: 2 })
    const kept: Float64Array[] = []
    const give = delayed((isGiven: boolean) => {
      const lengths = kept.map(({ length }) => length)
      const array = new Float64Array(50_000)
      kept.push(array)
      return { lengths, array: isGiven ? transfer(array) : array }
    })
    const results = await parallel([give(true), give(false), give(true), give(false)])
    expect(results.map(({ lengths }) => lengths)).toEqual([[], [0], [0, 50_000], [0, 50_000, 0]])
    expect(results.map(({ array }) => array.length)).toEqual([50_000, 50_000, 50_000, 50_000])
  })

  it('works for async tasks, and inside of what is returned', async () => {
    await using parallel = Parallel(2)
    const make = delayed(async (length: number) => {
      await null
      const array = new Float64Array(length).fill(1)
      return { all: transfer(array), half: array.subarray(length / 2), length }
    })
    const results = await parallel([make(10), make(100_000)])
    for (const { all, half, length } of results) {
      expect([sum(all), half.length, half.buffer === all.buffer]).toEqual([length, length / 2, true])
      expect(Object.getPrototypeOf(all)).toBe(Float64Array.prototype)
    }
  })

  it('is imported by the task, or captured', async () => {
    const { stdout } = await runProgram({
      'main.mjs': `
        import { Parallel, delayed, transfer } from 'parfor'
        const byReference = delayed((n) => transfer(new Float64Array(n)))
        const within = delayed(async (n) => {
          const { transfer } = await import('parfor')
          globalThis.kept = new Float64Array(n)
          return transfer(globalThis.kept)
        })
        const left = delayed(() => ({ length: globalThis.kept.length }))
        const results = await Parallel({ nJobs: 1, backend: 'threads' })([byReference(5), within(6), left()])
        console.log(results.map((array) => array.length).join())`,
    })
    expect(stdout).toBe('5,6,0\n')
  })
})

describe('transfer, in the calling thread', () => {
  it('gives the value itself, both ways, and detaches nothing', async () => {
    const array = ones(3)
    const [result] = await Parallel(1)([delayed((array: Float64Array) => transfer(array))(transfer(array))])
    expect(result).toBe(array)
    expect(array).toHaveLength(3)
  })

  it('is forgotten behind the task', async () => {
    const array = ones(3)
    await Parallel(1)([delayed((data: object) => transfer(data))({ array: transfer(array) })])
    await using parallel = Parallel(2)
    expect(await parallel([delayed(sum)(array)])).toEqual([3])
    expect(array).toHaveLength(3)
  })
})
