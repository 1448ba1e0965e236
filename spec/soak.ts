// usage: npm run soak [-- seconds]
//
// Calls at random, with all that can befall them, for ten minutes or for so many seconds: see parallel/chaos.ts. Every few
// seconds all workers are shut down, and then threads, active resources and memory have to be what they were. A failure
// names the seed of its round: PARFOR_SEED=123 runs that one alone, as often as there is time.
import { fork } from 'node:child_process'
import { delayed, Parallel, shutdown } from 'parfor'
import { chaos, enter, leave, type Scene } from './parallel/chaos'
import { gc } from './support/garbage'

/** What the process that runs the rounds tells the one that watches it. */
type News = { is: 'round'; seed: number } | { is: 'line'; line: string } | { is: 'over'; wrong: readonly string[] }

const SECONDS = Number(process.argv[2] ?? 600)
const SEED = process.env.PARFOR_SEED === undefined ? undefined : Number(process.env.PARFOR_SEED)
/** Milliseconds of silence after which a round hangs that cannot even say so: what it waits for, it waits for less long. */
const PATIENCE = 150_000
const BETWEEN_CHECKPOINTS = 10_000
/** Checkpoints until all code is loaded and compiled, and memory is what it stays. */
const WARM_UP = 3
/** Bytes that may come and go. */
const HEAP = 8 * 2 ** 20
const RSS = 128 * 2 ** 20

/** Warnings of what tasks of these rounds leave behind, some of which is late in workers that are being ended. */
const LEFT_BEHIND = /RangeError: (forgotten|late)|it ran out of memory/

const square = delayed((n: number) => n * n)
const nests = delayed(async function nests(scene: Scene, n: number) {
  enter(scene, n)
  const squares = await Parallel(2 + (n % 2))([0, 1, 2].map((more) => square(n + more)))
  leave(scene, n)
  if (squares.some((value, more) => value !== (n + more) ** 2))
    throw new Error(`The squares from ${n} on are ${squares}`)
  return squares[0]
})

if (!(SECONDS > 0)) throw new TypeError(`usage: npm run soak [-- seconds], and not ${process.argv[2]}`)
if (process.send === undefined) watch()
else void run((news) => process.send?.(news))

/** Runs the rounds in a process of their own: it may hang, or die. */
function watch(): void {
  // Tasks leave errors behind, which are told; what else there is to warn of is looked at here.
  const child = fork(__filename, [String(SECONDS)], { env: { ...process.env, NODE_NO_WARNINGS: '1' } })
  let seed = SEED
  let isOver = false
  let timer: NodeJS.Timeout | undefined
  const fail = (what: string) => {
    console.error(what)
    if (seed !== undefined) console.error(`PARFOR_SEED=${seed} npm run soak -- 60 runs that round.`)
    process.exitCode = 1
  }
  const waitFor = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      fail(`Nothing was heard for ${PATIENCE / 1000} s: it hangs.`)
      isOver = true
      child.kill('SIGKILL')
    }, PATIENCE)
  }
  child.on('message', (news: News) => {
    waitFor()
    if (news.is === 'round') seed = news.seed
    if (news.is === 'line') console.log(news.line)
    if (news.is !== 'over') return
    isOver = true
    if (news.wrong.length > 0) fail(news.wrong.join('\n'))
  })
  child.on('exit', (code, signal) => {
    clearTimeout(timer)
    if (!isOver || (code !== 0 && process.exitCode !== 1)) fail(`It ended with ${signal ?? `exit code ${code}`}.`)
  })
  waitFor()
}

async function run(tell: (news: News) => void): Promise<void> {
  const began = performance.now()
  const elapsed = () => performance.now() - began
  const unforeseen: string[] = []
  const note = (what: string) => (error: unknown) =>
    void unforeseen.push(`${what}: ${(error as Error)?.stack ?? error}`)
  process.on('unhandledRejection', note('Nobody handled a rejection'))
  process.on('uncaughtException', note('Nobody caught an error'))
  process.on('warning', (warning: Error & { code?: string }) => {
    if (warning.name !== 'ParforWarning' || !LEFT_BEHIND.test(warning.message)) note('There was a warning')(warning)
  })
  const all = chaos(nests)
  const state = checkpoints(() => all.threads)

  let wrong: string[] = []
  let rounds = 0
  for (let next = BETWEEN_CHECKPOINTS; wrong.length === 0 && elapsed() < 1000 * SECONDS; rounds += 1) {
    const seed = SEED ?? startSeed() + rounds
    tell({ is: 'round', seed })
    wrong = [...(await all.round(seed)), ...unforeseen]
    if (wrong.length > 0 || elapsed() < next) continue
    wrong = await state.check()
    tell({ is: 'line', line: `${Math.round(elapsed() / 1000)} s, ${rounds + 1} rounds: ${state.line}` })
    next = elapsed() + BETWEEN_CHECKPOINTS
  }
  if (wrong.length === 0) wrong = await state.check()
  tell({ is: 'line', line: `${Math.round(elapsed() / 1000)} s, ${rounds} rounds, at the end: ${state.line}` })
  tell({ is: 'over', wrong: [...wrong, ...unforeseen] })
  all[Symbol.dispose]()
  process.disconnect()
}

/** Other rounds each time. */
function startSeed(): number {
  return 1 + 1000 * Math.floor((performance.timeOrigin / 1000) % 1_000_000)
}

/** Compares what there is when all workers were shut down with what there was. */
function checkpoints(threads: () => number) {
  const resources = () => process.getActiveResourcesInfo().sort().join(' ')
  const atFirst = resources()
  const base = { heap: 0, rss: 0 }
  let count = 0
  let line = ''
  return {
    /** What there is, in words. */
    get line() {
      return line
    },
    /** Resolves to what is more than there was. */
    async check(): Promise<string[]> {
      await shutdown()
      for (let turn = 0; turn < 10; turn += 1) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        gc()
      }
      const { heapUsed: heap, rss } = process.memoryUsage()
      const more: string[] = []
      count += 1
      if (threads() > 0) more.push(`${threads()} threads are left`)
      if (resources() !== atFirst) more.push(`Active resources are ${resources()} and were ${atFirst}`)
      if (count <= WARM_UP) {
        base.heap = Math.max(base.heap, heap)
        base.rss = Math.max(base.rss, rss)
      } else {
        if (heap > base.heap + HEAP) more.push(`The heap has ${megabytes(heap)}, and had ${megabytes(base.heap)}`)
        if (rss > base.rss + RSS) more.push(`The process has ${megabytes(rss)}, and had ${megabytes(base.rss)}`)
      }
      line = `${threads()} threads, heap ${megabytes(heap)}, rss ${megabytes(rss)}`
      return more
    },
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`
}
