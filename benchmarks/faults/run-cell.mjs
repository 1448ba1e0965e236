// One fault with one library, in a process of its own:
//
//   node run-cell.mjs <library> <fault>
//
// It writes what it sees to file descriptor 3, a line of JSON for each step, so that what it saw is there however it ends.
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { faults, flags } from './faults.mjs'

const [library, faultName] = process.argv.slice(2)
const fault = faults[faultName]
const { create } = await import(`./libraries/${library}.mjs`)

/** Milliseconds after which something is taken to hang. */
const LIMIT = 4000

const tell = (step) => writeSync(3, `${JSON.stringify(step)}\n`)
const threads = []
process.on('worker', (worker) => threads.push(worker))
process.on('warning', ({ code }) => code && tell({ warning: code }))
const onError = () => tell({ errorEvent: true })

function within(promise, late) {
  let timer
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, LIMIT, late)
  })
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer))
}
const hangs = { status: 'hangs' }
const outcomesOf = (promises) => Promise.all(promises.map((promise) => within(promise, hangs)))

/** What the caller of a task has. */
function show({ status, value, reason }) {
  if (status === 'hangs') return '**hangs**'
  if (status === 'fulfilled') return fault.show?.(value) ?? `resolves: \`${inspect(value, { breakLength: Infinity })}\``
  if (fault.showError) return fault.showError(reason)
  if (!(reason instanceof Error)) return `rejects: \`${inspect(reason, { breakLength: Infinity })}\``
  const [line] = reason.message.split('\n')
  const text = 'reason' in reason ? reason.reason : line
  const short = text.length > 64 ? `${text.slice(0, 63)}…` : text
  return `\`${reason instanceof DOMException ? reason.name : reason.constructor.name}\`: ${short || '(no message)'}`
}

/** Tells whether all of these are right. */
function tellWhether(step, outcomes, isRight) {
  const wrong = outcomes.filter((outcome) => outcome.status !== 'fulfilled' || !isRight(outcome.value))
  tell({ [step]: { wrong: wrong.length, of: outcomes.length, example: wrong.length > 0 ? show(wrong[0]) : undefined } })
}

const pool = await create({
  file: new URL(fault.file ?? './tasks.mjs', import.meta.url).href,
  workers: 2,
  onError,
  ...fault.options,
})

async function end(how = 'close') {
  const ended = await within(
    pool[how]().then(
      () => 'ended',
      (error) => `rejects: ${show({ reason: error })}`,
    ),
    'hangs',
  )
  tell({ ended })
}

async function later() {
  await sleep(fault.rest ?? 300) // for what comes late
  for (const name of ['pause', 'nap']) {
    const outcomes = await outcomesOf(pool.run(Array.from({ length: 4 }, () => [name, 20])))
    tellWhether('next', outcomes, (value) => value === 20)
  }
  const meeting = { flags: flags(), ms: fault.options?.timeout ? fault.options.timeout * 0.9 : 3000 }
  const met = await outcomesOf(
    pool.run([
      ['meet', meeting],
      ['meet', meeting],
    ]),
  )
  tell({ isShort: !met.every(({ value }) => value === true) })
}

const warmUp = () =>
  outcomesOf(
    pool.run([
      ['pause', 50],
      ['pause', 50],
    ]),
  )
const { pause = 100 } = fault
const others = Array.from({ length: 4 }, () => ['pause', pause])

const courses = {
  /** Two threads: one has the task that goes wrong, the other one some that do not. Then more of these. */
  async usual() {
    const [name, arg = fault.flags] = fault.task
    await warmUp()
    let running
    if (fault.abortAfter) {
      const controller = new AbortController()
      setTimeout(() => controller.abort(), fault.abortAfter)
      running = [...pool.run([[name, arg]], { signal: controller.signal }), ...pool.run(others)]
    } else running = pool.run([[name, arg], ...others])
    if (fault.during) {
      while (Atomics.load(fault.flags, 0) === 0) await sleep(10)
      await fault.during({ threads }, Atomics.load(fault.flags, 0))
    }
    const [outcome, ...rest] = await outcomesOf(running)
    tell({ caller: show(outcome) })
    tellWhether('others', rest, (value) => value === pause)
    await later()
    if (!fault.leaveOpen) await end()
  },

  async idle() {
    await warmUp()
    await sleep(100)
    await threads[0].terminate()
    const outcomes = await outcomesOf(pool.run(others))
    const lost = outcomes.filter(({ status }) => status !== 'fulfilled')
    tell({ caller: lost.length === 0 ? 'nothing' : `${show(lost[0])} (${lost.length} of ${outcomes.length} tasks)` })
    await later()
    await end()
  },

  async start() {
    const [outcome] = await outcomesOf(pool.run([['double', 21]]))
    tell({ caller: show(outcome), threads: threads.length })
    await end()
  },

  async interrupt() {
    await warmUp()
    pool.run([['spin', fault.flags], ['spin']])
    while (Atomics.load(fault.flags, 0) === 0) await sleep(10)
    tell({ ready: true })
    await sleep(60_000)
  },

  async end() {
    await warmUp()
    const [name, arg = fault.flags] = fault.task
    const running = pool.run(Array.from({ length: 4 }, () => [name, arg]))
    await sleep(100)
    const [outcomes] = await Promise.all([outcomesOf(running), end(fault.end)])
    const results = outcomes.filter(({ status }) => status === 'fulfilled').length
    const errors = new Set(outcomes.filter(({ status }) => status !== 'fulfilled').map(show))
    const texts = [...(results > 0 ? [`${results} of ${outcomes.length} results`] : []), ...errors]
    tell({ caller: texts.join('; ') })
  },

  async nested() {
    const task = ['nest', { library, depth: 3, flags: fault.flags }]
    const outcomes = await outcomesOf(pool.run([task, task]))
    const used = fault.flags.reduce((sum, flag) => sum + flag, 0)
    tell({ caller: outcomes.every(({ value }) => value === 3) ? `${used} threads` : show(outcomes[0]) })
    await end()
  },
}

await courses[fault.kind ?? 'usual']()
tell({ done: true })
