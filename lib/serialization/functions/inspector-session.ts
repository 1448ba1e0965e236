import type * as inspector from 'node:inspector'
import { runInThisContext } from 'node:vm'

/** `node:inspector` cannot be used in this process: `--permission`, a Node built without it, or another runtime. */
export class InspectorUnavailableError extends Error {
  static {
    InspectorUnavailableError.prototype.name = 'InspectorUnavailableError'
  }
}

/** A session with this thread's own inspector, whose every call has returned before the next statement runs. */
export interface InspectorSession {
  /** Calls a method of the DevTools protocol. */
  post<T>(method: string, params?: object): T
  /** Calls `listener` for every such event while `body` runs. */
  listen<P>(event: string, listener: (params: P) => void, body: () => void): void
  /** An object that the inspector and we both hold: values pass through it as they are, without a copy. */
  readonly stash: Stash
  readonly stashId: string
}

/** `undefined` outside of a call, so that it keeps nothing alive: an array would be one of our realm. */
export interface Stash {
  values: unknown[] | undefined
}

type State =
  | { readonly is: 'open'; readonly session: InspectorSession }
  | { readonly is: 'unavailable'; readonly error: InspectorUnavailableError }

let state: State | { readonly is: 'closed' } = { is: 'closed' }

/**
 * The session of this thread, opened when first asked for. While nobody calls it, it costs nothing.
 *
 * @throws InspectorUnavailableError
 */
export function inspectorSession(): InspectorSession {
  if (state.is === 'closed') state = open()
  if (state.is === 'open') return state.session
  throw state.error
}

function open(): State {
  try {
    // Not imported on top: where there is no inspector, that would throw.
    const { Session } = require('node:inspector') as typeof inspector
    const session = new Session()
    session.connect()
    return { is: 'open', session: synchronous(session) }
  } catch (cause) {
    const error = new InspectorUnavailableError(`node:inspector cannot be used here: ${String(cause)}`, { cause })
    return { is: 'unavailable', error }
  }
}

function synchronous(session: inspector.Session): InspectorSession {
  const post = <T>(method: string, params: object = {}) => postNow<T>(session, method, params)
  const stash = newStash()
  return {
    post,
    listen(event, listener, body) {
      const onEvent = ({ params }: { params: never }) => listener(params)
      session.on(event, onEvent)
      try {
        body()
      } finally {
        session.removeListener(event, onEvent)
      }
    },
    stash,
    stashId: handOver(stash, post),
  }
}

/**
 * Runtimes that answer later, as Deno does, are of no use: the values would be those of another moment. Where the first
 * answer came at once, one that does not come was lost, because the stack is full.
 */
function postNow<T>(session: inspector.Session, method: string, params: object): T {
  let answer: { error: Error | null; result: unknown } | undefined
  session.post(method, params, (error: Error | null, result: unknown) => {
    answer = { error, result }
  })
  if (!answer && state.is === 'open') throw new RangeError('Maximum call stack size exceeded')
  if (!answer) throw new Error(`${method} is not synchronous`)
  if (answer.error) throw answer.error
  return answer.result as T
}

/**
 * An object of the main realm: the inspector holds it for as long as the thread lives, and with an object of a Jest
 * spec's realm it would hold that realm.
 */
function newStash(): Stash {
  return runInThisContext('({ __proto__: null, values: undefined })')
}

/** Gives the inspector the stash by way of the main realm's global object, which has it for this moment only. */
function handOver(stash: Stash, post: InspectorSession['post']): string {
  const main: object = runInThisContext('globalThis')
  const key = Symbol.for('parfor.stash')
  Object.defineProperty(main, key, { value: stash, configurable: true })
  try {
    const expression = "globalThis[Symbol.for('parfor.stash')]"
    const { result } = post<{ result: { objectId?: string } }>('Runtime.evaluate', { expression, silent: true })
    if (result.objectId === undefined) throw new Error('the inspector gives no object ids')
    return result.objectId
  } finally {
    Reflect.deleteProperty(main, key)
  }
}
