// biome-ignore-all lint: the code is odd on purpose
// Errors of tasks say where in the file that the user wrote they were thrown: the numbers below are lines of this file.
// type Away = (fn: Function, ...args: unknown[]) => Promise<unknown>

function fail(why) {
  throw new RangeError(why)
}
const viaHelper = (why) => [fail(why)]
// type Line = number
class Failing {
  fail() {
    throw new RangeError('in a method')
  }
}

/** The first lines of the error's stack, of this file only. */
async function linesOf(away, fn, ...args) {
  try {
    await away(fn, ...args)
  } catch ({ stack }) {
    return [...stack.matchAll(/[\\/(]stacks\.\w+:(\d+):\d+/g)].map(([, line]) => Number(line)).slice(0, args.length + 1)
  }
  throw new Error('nothing was thrown')
}

/** The first two, with their columns. */
async function placesOf(away, fn) {
  const { stack } = await away(fn).catch((error) => error)
  return [...stack.matchAll(/[\\/(]stacks\.\w+:(\d+:\d+)/g)].map(([, place]) => place).slice(0, 2)
}

export const cases = {
  'an error of an arrow': async ({ away, equal }) => {
    const arrow = () => {
      throw new TypeError('in an arrow')
    }
    equal(await linesOf(away, arrow), [35])
  },
  'an error of a helper of the module': async ({ away, equal }) => {
    equal(await linesOf(away, viaHelper, 'why'), [6, 8])
  },
  'an error of a method': async ({ away, equal }) => {
    equal(await linesOf(away, () => new Failing().fail()), [12])
  },
  'an error after await': async ({ away, equal }) => {
    const later = async (ms) => {
      await new Promise((resolve) => setTimeout(resolve, ms))
      throw new Error('later')
    }
    equal((await linesOf(away, later, 1))[0], 48)
  },
  'columns behind what goes under another name': async ({ away, equal }) => {
    const key = 'key'
    const fail = () => {
      throw new Error('here')
    }
    class Keyed extends Array {
      [key](value = fail()) {
        return value
      }
    }
    const keyed = new Keyed()
    const importing = async () => [await import('node:path'), fail()]
    equal(await placesOf(away, importing), ['55:13', '63:63'])
    equal(await placesOf(away, () => keyed.key()), ['55:13', '58:21'])
  },
}
