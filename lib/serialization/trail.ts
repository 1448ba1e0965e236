/**
 * Where the encoder is inside what it encodes: a value of the task (`args[0]`, `kwargs`, `result`), or a variable
 * that a function captures, and from there property by property. Written for the one time that something cannot be
 * sent, so it only pushes and pops strings.
 */
export class Trail {
  #steps: string[] = []
  #outer: Outer[] = []

  /** Starts again at a value of the task. */
  start(root: string): void {
    this.#steps = [root]
    this.#outer = []
  }

  enter(step: string): void {
    this.#steps.push(step)
  }

  leave(): void {
    this.#steps.pop()
  }

  /** Goes on at a variable that the function here captures. `describe` names the function, and where it is. */
  enterVariable(name: string, describe: () => string): void {
    this.#outer.push({ steps: this.#steps, describe })
    this.#steps = [name]
  }

  leaveVariable(): void {
    const outer = this.#outer.pop()
    if (outer) this.#steps = outer.steps
  }

  /** For going on after something could not be sent. */
  mark(): () => void {
    const steps = [...this.#steps]
    const outer = [...this.#outer]
    return () => {
      this.#steps = steps
      this.#outer = outer
    }
  }

  /** `db.conn`, `args[0].q`, `result.a` */
  get path(): string {
    return this.#steps.join('')
  }

  /** `captured variable "db.conn" of function "score" (score.ts:9:61)`, or the path itself; a long one is cut. */
  describe(): string {
    const outer = this.#outer.at(-1)
    const place = shorten(this.#steps)
    return outer ? `captured variable "${place}" of ${outer.describe()}` : place
  }

  /** How the function came to be sent whose variable this is, innermost first. */
  via(): string[] {
    const lines: string[] = []
    for (let n = this.#outer.length - 1; n > 0; n -= 1) {
      const { steps } = this.#outer[n] as Outer
      const owner = this.#outer[n - 1] as Outer
      lines.push(`captured variable "${shorten(steps)}" of ${owner.describe()}`)
    }
    const first = this.#outer[0]
    if (first && first.steps.join('') !== TASK_FUNCTION) lines.push(shorten(first.steps))
    return lines
  }
}

/** So many steps, and characters of a step, stay as they are in a message. */
const MOST_STEPS = 12
const LONGEST_STEP = 100

/** A path for people: of a long one its ends. */
function shorten(steps: readonly string[]): string {
  const short = steps.map((step) =>
    step.length > LONGEST_STEP ? `${step.slice(0, LONGEST_STEP / 2)}…${step.slice(-LONGEST_STEP / 2)}` : step,
  )
  if (steps.length <= MOST_STEPS) return short.join('')
  const half = MOST_STEPS / 2
  return `${short.slice(0, half).join('')}…(${steps.length - MOST_STEPS} more)…${short.slice(-half).join('')}`
}

interface Outer {
  readonly steps: string[]
  readonly describe: () => string
}

/** The root of the trail for the function that a task calls. */
export const TASK_FUNCTION = 'the function of the task'

/** A property as a step: `.name`, `[0]`, `["a b"]`, `[Symbol(x)]`. */
export function step(key: string | symbol): string {
  if (typeof key === 'symbol') return `[${String(key)}]`
  if (/^(0|[1-9]\d*)$/.test(key)) return `[${key}]`
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}
