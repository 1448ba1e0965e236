// biome-ignore-all lint: the code is odd on purpose
import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer, Socket } from 'node:net'
import { delayed, Parallel } from 'parfor'

const db = { conn: new Socket(), name: 'db' }
class Arrows extends Object {
  value = 1
  arrow = () => this.value
  #hidden = 2
  method() {
    return super.toString()
  }
  lone() {
    return this.#hidden
  }
}
class Private {
  #state = 1
}

export const cases = {
  'a socket in a captured object': ({ refused }) =>
    refused(
      'db.conn',
      /^Cannot send captured variable "db\.conn" of function .*refusals\.\w+:\d+:\d+\) to a worker: it is a Socket \(node:net\), which lives in this process only\. Open it inside the task/,
      () => db.conn,
    ),
  'a socket in an argument': ({ refused }) =>
    refused('args[1].list[0]', /^Cannot send args\[1\]\.list\[0\] to a worker: it is a Socket/, () => {}, 1, {
      list: [db.conn],
    }),
  'a socket through a helper': ({ refused }) => {
    const helper = () => db
    return refused('db.conn', /of function "helper\d?" .*\n {2}reached through captured variable "helper\d?"/, () =>
      helper(),
    )
  },
  'a socket in a map and a set': async ({ refused }) => {
    await refused('args[0].get("x")', /Socket/, () => {}, new Map([['x', db.conn]]))
    await refused('args[0].values()[1]', /Socket/, () => {}, new Set([1, db.conn]))
  },
  'a socket under a symbol and an odd key': async ({ refused }) => {
    await refused('args[0]["a b"][Symbol(s)]', /Socket/, () => {}, { 'a b': { [Symbol('s')]: db.conn } })
  },
  'a Parallel': async ({ refused }) => {
    const message = /it is a Parallel, whose workers belong to this process\. Make one inside the task/
    const fresh = Parallel(1)
    await refused('fresh', message, () => fresh)
    const used = Parallel({ nJobs: 1, backend: 'threads' })
    await used([delayed(Math.abs)(1)])
    await refused('args[0].run', message, () => {}, { run: used })
    await used.close()
  },
  'a socket at the end of a long chain': ({ refused }) => {
    let list = { conn: db.conn }
    for (let n = 0; n < 500; n++) list = { next: list }
    const path = `args[0]${'.next'.repeat(500)}.conn`
    return refused(path, /^Cannot send args\[0\](\.next){5}…\(490 more\)…(\.next){5}\.conn to a worker/, () => {}, list)
  },
  'a server': ({ refused }) => {
    const server = createServer()
    return refused('server', /it is a Server \(node:net\)/, () => server)
  },
  'a stream': async ({ refused }) => {
    const stream = createReadStream('/dev/null')
    await refused('stream', /it is a ReadStream/, () => stream)
    stream.destroy()
  },
  'standard output': ({ refused }) => {
    const out = process.stdout
    return refused('out', /lives in this process only/, () => out)
  },
  'a file handle': async ({ refused }) => {
    const file = await open('/dev/null')
    await refused('file', /FileHandle, which lives in this process only/, () => file)
    await file.close()
  },
  'a child process': async ({ refused }) => {
    const child = spawn(process.execPath, ['-e', ''])
    await refused('args[0]', /it is a ChildProcess/, () => {}, child)
    await new Promise((resolve) => child.on('close', resolve))
  },
  'a port': async ({ refused }) => {
    const { port1 } = new MessageChannel()
    await refused('port1', /it is a MessagePort/, () => port1)
    port1.close()
  },
  'a promise': ({ refused }) => {
    const later = Promise.resolve(1)
    return refused('later', /it is a promise\. Await it first\./, () => later)
  },
  'an abort signal': ({ refused }) =>
    refused('args[0].signal', /it is an? AbortSignal/, () => {}, { signal: AbortSignal.abort() }),
  'weak collections': async ({ refused }) => {
    const known = new WeakMap()
    await refused('known', /a WeakMap cannot be copied\. Make it inside the task\./, () => known)
    await refused('args[0]', /WeakSet/, () => {}, new WeakSet())
    await refused('args[0]', /WeakRef/, () => {}, new WeakRef({}))
    await refused('args[0]', /FinalizationRegistry/, () => {}, new FinalizationRegistry(() => {}))
  },
  'a proxy': async ({ refused }) => {
    const proxy = new Proxy({}, {})
    const proxied = new Proxy(() => {}, {})
    await refused('proxy', /a Proxy cannot be copied\. Send its target instead\./, () => proxy)
    await refused('proxied', /a Proxy cannot be copied/, () => proxied())
  },
  'a running generator': async ({ refused }) => {
    const running = (function* () {})()
    await refused('running', /a running generator cannot be copied/, () => running)
    await refused('args[0]', /running generator/, () => {}, (async function* () {})())
  },
  iterators: ({ refused }) => refused('args[0].i', /a running iterator cannot be copied/, () => {}, { i: [].values() }),
  'a native function that no worker has': async ({ refused }) => {
    let resolveLater
    new Promise((resolve) => (resolveLater = resolve))
    await refused('resolveLater', /it is a native function/, () => resolveLater())
  },
  'this of an arrow': async ({ refused }) => {
    await refused('this', /the `this` of an arrow function/, new Arrows().arrow)
  },
  'super of a lone method': async ({ refused }) => {
    await refused('super', /`super`/, new Arrows().method)
  },
  'a private member outside of its class': ({ refused }) =>
    refused('#hidden', /private member #hidden/, new Arrows().lone),
  'private fields of an instance': ({ refused }) =>
    refused(
      'args[0]',
      /instance of class Private, whose private members cannot be read\. Give the class \[Symbol\.for\('parfor\.serialize'\)\]/,
      () => {},
      new Private(),
    ),
  'new.target that is captured': ({ refused }) => {
    const make = function () {
      return () => new.target
    }
    return refused('new.target', /new\.target/, new make())
  },
  'an instance of a class below URL': ({ refused }) =>
    refused(
      'args[0]',
      /instance of class Link, whose state as a URL cannot be read/,
      () => {},
      new (class Link extends URL {})('http://a'),
    ),
  'the name of a function expression around': ({ refused }) => {
    const fn = (function outer() {
      return () => outer
    })()
    return refused('outer', /name of an enclosing function expression/, fn)
  },
  'a field whose computed name cannot be known': async ({ refused }) => {
    const key = 'only here'
    const make = () => 'made'
    class Hidden {
      [key] = 1
    }
    class Called {
      [make()] = 1
    }
    await refused('key', /the name of a field is computed from it/, () => Hidden)
    await refused('Called', /a field with a computed name/, () => Called)
  },
  'an unsendable result': async ({ settled, equal }) => {
    const [outcome] = await settled([delayed(() => ({ a: { q: Promise.resolve(1) } }))()])
    equal([outcome.status, outcome.reason?.side, outcome.reason?.path], ['rejected', 'result', 'result.a.q'])
  },
  'an unsendable field of an error is left out': async ({ settled, equal }) => {
    const [{ reason }] = await settled([
      delayed(() => {
        throw Object.assign(new TypeError('x'), { kept: 1, lost: new WeakMap() })
      })(),
    ])
    equal([reason.name, reason.message, reason.kept, 'lost' in reason], ['TypeError', 'x', 1, false])
  },
  'data nested too deep': async ({ settled, equal }) => {
    let deep = {}
    for (let n = 0; n < 200_000; n++) deep = { deep }
    let rich = () => {}
    for (let n = 0; n < 50_000; n++) rich = { rich }
    const outcomes = await settled([delayed(() => 1)(deep), delayed(() => 2)(rich), delayed(() => 3)()])
    equal(
      outcomes.map(({ status, reason, value }) => value ?? reason?.name),
      ['SerializationError', 'SerializationError', 3],
    )
  },
  'a captured getter that throws is not called': ({ same }) => {
    const object = {
      get bad() {
        throw new Error('called')
      },
      good: 1,
    }
    return same(() => object.good)
  },
}
