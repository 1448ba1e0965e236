// biome-ignore-all lint: the code is odd on purpose
// node main.mjs ./closures.mjs ./language.mjs ...
//
// Runs the cases of these files, and its own. The program's functions can only go by value, since no worker may run it again.
import { delayed, kwargs } from 'parfor'
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

async function main(files) {
  await report('main', cases)
  for (const file of files) {
    const { cases: others } = await import(file)
    await report(file.replace(/\W*(\w+)\.\w+$/, '$1'), others)
  }
}
void main(process.argv.slice(2))
