// biome-ignore-all lint: the code is odd on purpose
// Runs all cases, and its own. The program's functions can only go by value, since no worker may run it again.
import { delayed, kwargs } from 'parfor'
import { cases as classes } from './classes.mjs'
import { cases as closures } from './closures.mjs'
import { cases as commonjs } from './commonjs.cjs'
import { cases as declarations } from './declarations.mjs'
import { cases as esModules } from './es-modules.mjs'
import { cases as language } from './language.mjs'
import { cases as modules } from './modules.mjs'
import { cases as refusals } from './refusals.mjs'
import { cases as sloppy } from './sloppy.cjs'
import { cases as snapshots } from './snapshots.mjs'
import { cases as stacks } from './stacks.mjs'
import { report } from './tools.mjs'

globalThis.timesStarted = (globalThis.timesStarted ?? 0) + 1
const scale = 3
let counter = 0
const scaled = (x) => x * scale
function count(by) {
  counter += by
  return seen()
}
const seen = () => counter
class Entry {
  constructor(value) {
    this.value = value
  }
  static of(value) {
    return new Entry(value)
  }
}

const cases = {
  'an arrow of the program': ({ same }) => same(scaled, 2),
  'a helper of the program': ({ same }) => same((x) => scaled(x) + 1, 2),
  'a variable of the program': async ({ all, equal }) => {
    equal(await all([delayed(count)(2), delayed(count)(3)]), [2, 5])
    equal(counter, 0)
  },
  'a class of the program': async ({ away, equal }) => {
    const made = await away((value) => Entry.of(value), 4)
    equal([made instanceof Entry, made.value], [true, 4])
  },
  'the program is not started again': ({ away, equal }) =>
    away(() => globalThis.timesStarted).then((times) => equal(times, undefined)),
  'named arguments': async ({ away, equal }) => {
    equal(await away((a, { b }) => [a, b * scale], 1, kwargs({ b: 2 })), [1, 6])
  },
  'top-level this of an arrow': ({ same }) => same(() => typeof scale),
}

async function main() {
  await report('main', cases)
  await report('classes', classes)
  await report('closures', closures)
  await report('commonjs', commonjs)
  await report('declarations', declarations)
  await report('es-modules', esModules)
  await report('language', language)
  await report('modules', modules)
  await report('refusals', refusals)
  await report('sloppy', sloppy)
  await report('snapshots', snapshots)
  await report('stacks', stacks)
}
void main()
