import { appendFileSync } from 'node:fs'
import { inspect, isDeepStrictEqual } from 'node:util'
import { delayed, Parallel } from 'parfor'

const parallel = Parallel({ nJobs: 1, backend: 'threads', onError: 'settle' })

/** Runs tasks of one call in a worker; gives how each ended. */
const settled = (tasks) => parallel(tasks)

/** The results of tasks of one call. */
async function all(tasks) {
  return (await settled(tasks)).map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}

async function away(fn, ...args) {
  const [result] = await all([delayed(fn)(...args)])
  return result
}

/** In a worker a function has to do what it does here. Here it runs last: it may change what it uses. */
async function same(fn, ...args) {
  const there = await outcomeOf(() => away(fn, ...args))
  const here = await outcomeOf(async () => fn(...args))
  equal(there, here)
}

async function outcomeOf(run) {
  try {
    return { value: await run() }
  } catch (error) {
    return { error: `${error.name}: ${error.message}` }
  }
}

function equal(actual, expected) {
  if (!isDeepStrictEqual(actual, expected)) throw new Error(`${show(actual)} is not ${show(expected)}`)
}

const show = (value) => inspect(value, { depth: 6, breakLength: Infinity })

/** The task is refused before it runs, with this path and a message that matches; the next one runs. */
async function refused(path, message, fn, ...args) {
  const [outcome, next] = await settled([delayed(fn)(...args), delayed(Math.abs)(-1)])
  equal(next, { status: 'fulfilled', value: 1 })
  if (outcome.status !== 'rejected') throw new Error(`not refused, but ${show(outcome.value)}`)
  const { name, code, path: where } = outcome.reason
  equal({ name, code, path: where }, { name: 'SerializationError', code: 'PARFOR_UNSERIALIZABLE', path })
  if (!message.test(outcome.reason.message)) throw new Error(`the message is ${outcome.reason.message}`)
}

/** Writes a line: to a file where there is one, as test runners have their own idea of what is printed. */
function tell(line) {
  if (process.env.CASES_RESULTS === undefined) console.log(line)
  else appendFileSync(process.env.CASES_RESULTS, `${line}\n`)
}

/** Runs a table of cases; tells a line of JSON for each. */
async function report(group, cases) {
  for (const [name, run] of Object.entries(cases)) {
    let trouble
    try {
      await run({ same, away, all, settled, equal, refused })
    } catch (error) {
      trouble = error.stack
    }
    tell(JSON.stringify({ name: `${group}: ${name}`, trouble }))
  }
}

export { report }
