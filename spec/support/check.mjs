// What the assertions in documentation examples call; examples.js puts the calls in.
import assert from 'node:assert/strict'
import { format, inspect } from 'node:util'
import like from './like.cjs'

const unreached = new Set()

/** Names the assertions of a program: one that it never reaches must not pass for one that held. */
export function __plan(places) {
  for (const at of places) unreached.add(at)
  process.on('exit', (code) => {
    if (code !== 0 || unreached.size === 0) return
    console.error(`never reached: ${[...unreached].join(', ')}`)
    process.exitCode = 1
  })
}

/** `value //=> want` */
export function __check(got, want, at) {
  unreached.delete(at)
  const expected = evaluate(want)
  if (expected === undefined) {
    const text = inspect(got, { breakLength: Number.POSITIVE_INFINITY, depth: 5 })
    if (!like(text, want)) fail(at, want, text)
    return got
  }
  try {
    assert.deepStrictEqual(got, expected.value)
  } catch (error) {
    throw told(`${at}: ${error.message}`)
  }
  return got
}

/** `console.log(...) //=> want`: the value, or the text that is printed. */
export function __printed(args, want, at) {
  unreached.delete(at)
  const text = format(...args)
  if (like(text, want)) return args
  __check(args.length === 1 ? args[0] : args, want, at)
  return args
}

/** `expr //=> throws RangeError: boom` */
export async function __throws(run, want, at) {
  unreached.delete(at)
  let error
  try {
    await run()
  } catch (thrown) {
    error = thrown
  }
  if (error === undefined) fail(at, want, 'nothing thrown')
  const text = `throws ${error.name}: ${error.message}`
  if (!like(text, want) && !like(`throws ${error.name}`, want)) fail(at, want, text)
}

function evaluate(text) {
  try {
    // biome-ignore lint/security/noGlobalEval: the text is our own documentation's
    // biome-ignore lint/complexity/noCommaOperator: an indirect eval sees globals only
    return { value: (0, eval)(`(${text})`) }
  } catch {
    return undefined
  }
}

function fail(at, want, got) {
  throw told(`${at}\n  expected: ${want}\n  got:      ${got}`)
}

/** The stack would tell of this file; the message tells of the document. */
function told(message) {
  return Object.assign(new assert.AssertionError({ message }), { stack: message })
}
