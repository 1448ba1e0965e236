// What cannot be sent is refused before anything runs: with its path, the function, the place in this file and a way
// out. The worker is the same before and after.
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Agent } from 'node:http'
import { createServer, Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { threadId } from 'node:worker_threads'
import { createGzip } from 'node:zlib'
import { delayed, Parallel, type SerializationError, shutdown, type Task } from '../../lib'

/** A kind of value that no worker can have. */
interface Kind {
  readonly kind: string
  readonly make: () => unknown
  readonly what: string
  readonly remedy: string
  /** Undoes what `make` did. */
  readonly dispose?: (value: never) => unknown
  /** Where a task cannot return it: why. */
  readonly noResult?: string
}

const openInside = 'Open it inside the task, or send what is needed to open it.'
const inThisProcess = (name: string) =>
  `it is ${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}, which lives in this process only`
/** What is said instead, where that is about results. */
const giveSignal = 'Give the signal to the call, parallel(tasks, { signal })'
const remediesForResults: Readonly<Record<string, string>> = {
  [openInside]: 'Return what the task reads from it, as plain data.',
  'Make it inside the task.': 'Return plain data.',
  [giveSignal]: 'Return plain data.',
  'Send an array.': 'Return an array: [...it].',
  'Send an array, or the generator function.': 'Return an array: [...it].',
}
const giveHooks =
  "Give the class [Symbol.for('parfor.serialize')]() and static [Symbol.for('parfor.deserialize')](data)."

class Secret {
  readonly #key = 'k'
  open() {
    return this.#key
  }
}
class Link extends URL {}

const kinds: readonly Kind[] = [
  { kind: 'a socket', make: () => new Socket(), what: inThisProcess('Socket (node:net)'), remedy: openInside },
  { kind: 'a server', make: () => createServer(), what: inThisProcess('Server (node:net)'), remedy: openInside },
  {
    kind: 'a stream',
    make: () => new PassThrough(),
    what: inThisProcess('PassThrough (node:stream)'),
    remedy: openInside,
  },
  {
    kind: 'a stream of a file',
    make: () => createReadStream(__filename),
    what: 'it is a ReadStream (node:',
    remedy: openInside,
    dispose: (stream: { destroy(): void }) => stream.destroy(),
    noResult: 'the file would stay open there',
  },
  {
    kind: 'standard output',
    make: () => process.stdout,
    what: 'which lives in this process only',
    remedy: openInside,
  },
  {
    kind: 'a file handle',
    make: () => open(__filename),
    what: 'FileHandle, which lives in this process only',
    remedy: openInside,
    dispose: (file: { close(): Promise<void> }) => file.close(),
    noResult: 'the file would stay open there',
  },
  {
    kind: 'a child process',
    make: () => spawn(process.execPath, ['-e', '']),
    what: inThisProcess('ChildProcess (node:child_process)'),
    remedy: openInside,
    dispose: (child: ChildProcess) => new Promise((resolve) => child.on('close', resolve)),
    noResult: 'nobody would wait for it',
  },
  {
    kind: 'a port',
    make: () => new MessageChannel().port1,
    what: 'MessagePort',
    remedy: openInside,
    dispose: (port: MessagePort) => port.close(),
    noResult: 'it would stay open there',
  },
  { kind: 'an HTTP agent', make: () => new Agent(), what: inThisProcess('Agent (node:http)'), remedy: openInside },
  { kind: 'a compressor', make: () => createGzip(), what: inThisProcess('Gzip (node:zlib)'), remedy: openInside },
  { kind: 'a hash', make: () => createHash('sha1'), what: inThisProcess('Hash (node:crypto)'), remedy: openInside },
  {
    kind: 'a line reader',
    make: () => createInterface({ input: new PassThrough() }),
    what: inThisProcess('Interface (node:readline)'),
    remedy: openInside,
    dispose: (lines: { close(): void }) => lines.close(),
  },
  {
    kind: 'a timer',
    make: () => setTimeout(() => {}, 0),
    what: 'Timeout, which lives in this process only',
    remedy: openInside,
    dispose: (timer: NodeJS.Timeout) => clearTimeout(timer),
  },
  { kind: 'an abort signal', make: () => AbortSignal.abort(), what: 'AbortSignal', remedy: giveSignal },
  { kind: 'an abort controller', make: () => new AbortController(), what: 'AbortController', remedy: giveSignal },
  {
    kind: 'a generator of results',
    make: () => Parallel({ nJobs: 1, returnAs: 'generator' })([]),
    what: 'it is a generator of results',
    remedy: 'Take them first, with for await.',
    noResult: 'it is of the calling thread',
  },
  { kind: 'a web stream', make: () => new ReadableStream(), what: 'ReadableStream', remedy: openInside },
  {
    kind: 'a promise',
    make: () => ({ later: Promise.resolve(1) }).later,
    what: 'it is a promise',
    remedy: 'Await it first.',
    noResult: 'it is awaited',
  },
  {
    kind: 'a WeakMap',
    make: () => new WeakMap(),
    what: 'a WeakMap cannot be copied',
    remedy: 'Make it inside the task.',
  },
  {
    kind: 'a WeakSet',
    make: () => new WeakSet(),
    what: 'a WeakSet cannot be copied',
    remedy: 'Make it inside the task.',
  },
  {
    kind: 'a WeakRef',
    make: () => new WeakRef({}),
    what: 'a WeakRef cannot be copied',
    remedy: 'Make it inside the task.',
  },
  {
    kind: 'a FinalizationRegistry',
    make: () => new FinalizationRegistry(() => {}),
    what: 'FinalizationRegistry',
    remedy: openInside,
  },
  {
    kind: 'a proxy',
    make: () => new Proxy({}, {}),
    what: 'a Proxy cannot be copied',
    remedy: 'Send its target instead.',
  },
  {
    kind: 'a proxy of a function',
    make: () => new Proxy(() => {}, {}),
    what: 'a Proxy cannot be copied',
    remedy: 'Send its target instead.',
  },
  {
    kind: 'a running generator',
    make: () => (function* () {})(),
    what: 'a running generator cannot be copied',
    remedy: 'Send an array, or the generator function.',
  },
  {
    kind: 'a running async generator',
    make: () => (async function* () {})(),
    what: 'a running generator cannot be copied',
    remedy: 'Send an array, or the generator function.',
  },
  {
    kind: 'an iterator',
    make: () => [1].values(),
    what: 'a running iterator cannot be copied',
    remedy: 'Send an array.',
  },
  {
    kind: 'the resolver of a promise',
    make: () => {
      let resolver: unknown
      void new Promise((resolve) => {
        resolver = resolve
      })
      return resolver
    },
    what: 'it is a native function that no worker has',
    remedy: 'Wrap it in a function that makes or finds it inside the task.',
  },
  {
    kind: 'an instance with private fields',
    make: () => new Secret(),
    what: 'it is an instance of class Secret, whose private members cannot be read',
    remedy: giveHooks,
  },
  {
    kind: 'an instance of a class below URL',
    make: () => new Link('http://a'),
    what: 'it is an instance of class Link, whose state as a URL cannot be read',
    remedy: giveHooks,
  },
]

class Owner extends Object {
  readonly value = 1
  arrow = () => this.value
  readonly #hidden = 2
  override toString() {
    return super.toString()
  }
  hidden() {
    return this.#hidden
  }
}

/** A kind of function that cannot be taken from where it is. */
interface FunctionKind {
  readonly kind: string
  readonly make: () => unknown
  /** What of it cannot be sent. */
  readonly path: string
  readonly what: string
  readonly remedy: string
}

const functionKinds: readonly FunctionKind[] = [
  {
    kind: 'an arrow that uses this',
    make: () => new Owner().arrow,
    path: 'this',
    what: 'the engine does not show the `this` of an arrow function',
    remedy: 'Name it, delayed(fn, { this: obj }), copy what is needed of it to a const first',
  },
  {
    kind: 'a lone method that uses super',
    make: () => new Owner().toString,
    path: 'super',
    what: 'a method that uses `super` belongs to its class or object',
    remedy: 'Of a class: send the object itself and call the method inside the task. Of an object literal: ',
  },
  {
    kind: 'a lone method that uses a private member',
    make: () => new Owner().hidden,
    path: '#hidden',
    what: 'it uses the private member #hidden outside of its class',
    remedy: 'Send the object itself and call the method inside the task.',
  },
  {
    kind: 'an arrow that uses new.target',
    make: () => {
      const Outer = function () {
        return () => new.target
      } as unknown as new () => unknown
      return new Outer()
    },
    path: 'new.target',
    what: 'the engine does not show the `new.target` of an arrow function',
    remedy: 'Copy it to a const first.',
  },
  {
    kind: 'an arrow that uses the name of the function expression around it',
    make: () =>
      (function outer() {
        return () => outer
      })(),
    path: 'outer',
    what: 'it is the name of an enclosing function expression, which the engine does not show',
    remedy: 'Give that function a name by const or by a function declaration.',
  },
]

const parallel = Parallel({ nJobs: 1, backend: 'threads' })
const settling = Parallel({ nJobs: 1, backend: 'threads', onError: 'settle' })
let worker: number
async function workerNow(): Promise<number> {
  const [id] = await parallel([delayed(() => threadId)()])
  return id
}

/** Runs a task that cannot be sent between two that can, and gives its error. */
async function refusal(task: Task<unknown>): Promise<SerializationError> {
  const [before, refused, after] = await settling([delayed(Math.abs)(-1), task, delayed(Math.abs)(-2)])
  expect([before, after]).toEqual([
    { status: 'fulfilled', value: 1 },
    { status: 'fulfilled', value: 2 },
  ])
  if (refused?.status !== 'rejected') throw new Error('it was sent')
  expect(refused.reason).toMatchObject({ code: 'PARFOR_UNSERIALIZABLE', taskIndex: 1 })
  await expect(parallel([task])).rejects.toMatchObject({ message: refused.reason.message })
  expect(await workerNow()).toBe(worker)
  return refused.reason
}

/** Functions that capture something, which errors must find in this file. */
const holding = (held: unknown) =>
  function holder() {
    return { held }
  }
const deep = (kept: { readonly list: readonly unknown[] }) => () => kept.list

describe('What cannot be sent', () => {
  beforeAll(async () => {
    worker = await workerNow()
  })
  afterAll(shutdown)

  describe.each(kinds)('$kind', ({ make, what, remedy, dispose, noResult }) => {
    let value: unknown
    beforeEach(async () => {
      const made = make()
      value = noResult === 'it is awaited' ? made : await made
    })
    afterEach(async () => {
      await dispose?.(value as never)
    })

    it('as a captured variable', async () => {
      const error = await refusal(delayed(holding(value))())
      expect(error).toMatchObject({ path: 'held', side: 'task' })
      expect(error.message).toContain(
        `Cannot send captured variable "held" of function "holder" (${place('function holder()', '()')}) to a worker: `,
      )
      expect(error.message).toContain(what)
      expect(error.message).toContain(remedy)
    })

    it('inside of one, through a helper', async () => {
      const helper = deep({ list: [0, value] })
      const error = await refusal(delayed(() => helper())())
      expect(error).toMatchObject({ path: 'kept.list[1]', side: 'task' })
      expect(error.message).toContain(
        `Cannot send captured variable "kept.list[1]" of function (${place('() => kept.list', '() =>')}) to a worker: `,
      )
      expect(error.message).toMatch(/\n {2}reached through captured variable "helper" of function \(/)
      expect(error.message).toContain(remedy)
    })

    it('as an argument', async () => {
      const error = await refusal(delayed((..._: unknown[]) => 1)(0, { list: new Map([['x', value]]) }))
      expect(error).toMatchObject({ path: 'args[1].list.get("x")', side: 'task' })
      expect(error.message).toContain('Cannot send args[1].list.get("x") to a worker: ')
      expect(error.message).toContain(what)
      expect(error.message).toContain(remedy)
    })

    if (noResult === undefined)
      it('as a result', async () => {
        const error = await refusal(delayed(() => ({ a: [make()] }))())
        expect(error).toMatchObject({ path: 'result.a[0]', side: 'result' })
        expect(error.message).toContain('Cannot send result.a[0] back from a worker: ')
        expect(error.message).toContain(remediesForResults[remedy] ?? remedy)
      })
  })

  describe.each(functionKinds)('$kind', ({ make, path, what, remedy }) => {
    it('as the function of a task', async () => {
      const error = await refusal(delayed(make() as () => unknown)())
      expect(error).toMatchObject({ path, side: 'task' })
      expect(error.message).toMatch(/ \(spec\/serialization\/refusals\.spec\.ts:\d+:\d+\) to a worker: /)
      expect(error.message).toContain(what)
      expect(error.message).toContain(remedy)
    })

    it('as a captured variable', async () => {
      const error = await refusal(delayed(holding(make()))())
      expect(error).toMatchObject({ path, side: 'task' })
      expect(error.message).toContain(
        `\n  reached through captured variable "held" of function "holder" (${place('function holder()', '()')})`,
      )
    })

    it('as an argument', async () => {
      const error = await refusal(delayed((..._: unknown[]) => 1)({ fn: make() }))
      expect(error).toMatchObject({ path, side: 'task' })
      expect(error.message).toContain('\n  reached through args[0].fn')
      expect(error.message).toContain(remedy)
    })
  })

  it('a class whose field has a computed name that cannot be known', async () => {
    const name = () => 'made'
    class Made {
      // @ts-expect-error: not known to the compiler either
      [name()] = 1
    }
    const error = await refusal(delayed(() => Made)())
    expect(error.message).toContain('a field with a computed name')
    expect(error.message).toContain('Give the field a fixed name.')
  })

  it('functions nested too deep', async () => {
    let chain: () => unknown = () => 0
    for (let n = 0; n < 5000; n++) {
      const inner = chain
      chain = () => inner
    }
    const error = await refusal(delayed(chain)())
    expect(error.message).toContain('it is nested too deep')
  })

  it('data nested too deep', async () => {
    let nested: unknown = 1
    for (let n = 0; n < 200_000; n++) nested = { nested }
    const error = await refusal(delayed((_: unknown) => 1)(nested))
    expect(error.message).toContain('it is nested too deep')
  })
})

/** `file:line:column` of the text `at` behind the one place of `text` in this file, as the user wrote it. */
function place(text: string, at: string): string {
  const source = readFileSync(__filename, 'utf8')
  const offset = source.lastIndexOf(text, source.indexOf('describe(')) + text.indexOf(at)
  const before = source.slice(0, offset).split('\n')
  return `spec/serialization/refusals.spec.ts:${before.length}:${(before.at(-1) as string).length + 1}`
}
