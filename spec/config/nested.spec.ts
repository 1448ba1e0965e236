import { currentNested, nextNested, withNested } from '../../lib/config/nested'
import { NestingError } from '../../lib/errors'

const ofThisThread = Symbol.for('parfor.nested')

describe('currentNested', () => {
  afterEach(() => {
    delete (globalThis as { [ofThisThread]?: unknown })[ofThisThread]
  })

  it('is nothing outside of every task', () => {
    expect(currentNested()).toBeUndefined()
  })

  it('is what a worker says of the task that it runs', () => {
    ;(globalThis as { [ofThisThread]?: unknown })[ofThisThread] = { level: 2 }
    expect(currentNested()).toEqual({ level: 2 })
    expect(withNested({ level: 3 }, currentNested)).toEqual({ level: 3 })
  })

  it('holds across awaits, for the stretch of code that it was set for', async () => {
    const seen = withNested({ level: 1 }, async () => {
      await new Promise((resolve) => setImmediate(resolve))
      return currentNested()
    })
    expect(currentNested()).toBeUndefined()
    expect(await seen).toEqual({ level: 1 })
  })
})

describe('nextNested', () => {
  it('is level 1 for the outermost call, and one more for each call in a task', () => {
    expect(nextNested()).toEqual({ level: 1 })
    expect(withNested({ level: 1 }, nextNested)).toEqual({ level: 2 })
    expect(withNested({ level: 9 }, nextNested)).toEqual({ level: 10 })
  })

  it('refuses an eleventh level', () => {
    expect(() => withNested({ level: 10 }, nextNested)).toThrow(NestingError)
  })
})
