// What can go wrong, in the order of the table.
import { Socket } from 'node:net'
import { QuotaError } from './tasks.mjs'

export const flags = (length = 1) => new Int32Array(new SharedArrayBuffer(4 * length))

/** @param thread the number of the thread that runs a task; 0 while none does */
async function terminateThread({ threads }, thread) {
  await threads.find((worker) => worker.threadId === thread)?.terminate()
}

/**
 * - `task` is the one that goes wrong; its argument is `flags` where it has none of its own.
 * - `pause` is how many milliseconds each of the others takes, `rest` how many pass before later ones.
 * - `options` are those of the pool, `file` has the tasks.
 * - `during` is called when the task has marked the flags.
 * - `show` says what a result, and `showError` what an error, amounts to.
 * - `kind` is a course of things in run-cell.mjs other than the usual one.
 */
export const faults = {
  'exit 0': { title: '`process.exit(0)` in a task', task: ['exit', 0] },
  'exit 3': { title: '`process.exit(3)` in a task', task: ['exit', 3] },
  memory: {
    title: 'a task runs out of memory (`resourceLimits`)',
    task: ['hoard'],
    options: { resourceLimits: { maxOldGenerationSizeMb: 40, maxYoungGenerationSizeMb: 4 } },
  },
  'late while awaiting': { title: 'a timer throws while its task awaits', task: ['throwLaterWhileItAwaits'] },
  'late after return': { title: 'a timer throws when its task is over', task: ['throwLaterThanItReturns'] },
  rejection: { title: 'a rejection that nobody handles, while its task awaits', task: ['leaveRejection'] },
  stack: { title: 'stack overflow', task: ['recurse'] },
  timeout: {
    title: 'an endless loop, and 1 s for each task',
    task: ['spin'],
    options: { timeout: 1000 },
    pause: 400,
    rest: 2500,
  },
  abort: { title: 'an endless loop is aborted', task: ['spin'], abortAfter: 200 },
  'function result': {
    title: 'the result is a function',
    task: ['giveFunction'],
    show: (fn) => (typeof fn === 'function' && fn(4) === 8 ? 'the function' : undefined),
  },
  'weak map result': { title: 'the result holds a `WeakMap`', task: ['giveWeakMap'] },
  'socket result': { title: 'the result holds a `Socket`', task: ['giveSocket'] },
  'function argument': {
    title: 'the argument holds a function',
    task: ['call', { fn: (n) => n * 2 }],
    show: (value) => (value === 42 ? 'the result' : undefined),
  },
  'socket argument': { title: 'the argument holds a `Socket`', task: ['take', { socket: new Socket() }] },
  error: {
    title: 'an error of a class of its own, with fields, `code`, `cause`',
    task: ['throwQuota', 7],
    showError,
  },
  'killed running': {
    title: 'the thread of a task is ended from outside',
    flags: flags(),
    task: ['linger'],
    during: terminateThread,
  },
  'killed idle': { title: 'an idle thread is ended from outside', kind: 'idle' },
  'cannot load': {
    title: 'the module of the tasks throws while a worker loads it',
    kind: 'start',
    file: './cannot-load.mjs',
    show: (value) => (value === 42 ? 'the result' : undefined),
  },
  'cannot start': {
    title: 'workers cannot start (`--require` of a missing file)',
    kind: 'start',
    options: { execArgv: ['--require', './no-such-file.cjs'] },
  },
  'ctrl-c': { title: 'Ctrl-C while tasks run', kind: 'interrupt', flags: flags(), task: ['spin'] },
  destroy: {
    title: 'the pool is ended at once while tasks run',
    kind: 'end',
    flags: flags(),
    task: ['spin'],
    end: 'destroy',
  },
  close: { title: 'the pool is closed while 2 tasks run and 2 wait', kind: 'end', task: ['pause', 300], end: 'close' },
  'not closed': { title: 'nobody closes the pool', task: ['double', 21], leaveOpen: true },
  nested: {
    title: 'each task makes a pool of 2, three deep',
    kind: 'nested',
    flags: flags(4096),
  },
}

/** What is left of the error that the task threw. */
function showError(error) {
  const kept = {
    class: error instanceof QuotaError,
    name: error.name === 'QuotaError',
    message: error.message === 'over the limit',
    code: error.code === 'E_QUOTA',
    fields: error.limit === 7,
    cause: error.cause instanceof TypeError && error.cause.message === 'no space',
    stack: /tasks\.mjs/.test(error.stack),
  }
  const lost = Object.keys(kept).filter((part) => !kept[part])
  return lost.length === 0 ? 'all of it' : `all but its ${lost.join(', ')}`
}
