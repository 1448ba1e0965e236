/**
 * Which of many DNA sequences is the nearest to a given one? `Pool.starmap` with Python's `zip` and `repeat`: the first
 * argument differs from task to task, the second one is the same.
 *
 *   npx ts-node -T docs/examples/starmap.ts [--size 2000] [--serial]
 *
 * `--size` is the length of a sequence. `--serial` runs the same code in this thread, where a debugger stops.
 */
import { parseArgs } from 'node:util'
import { Pool } from 'parfor'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { compare } from './timing'

const { values } = parseArgs({
  options: { size: { type: 'string', default: '2000' }, serial: { type: 'boolean', default: false } },
})
const length = Number(values.size)

function* repeat<T>(value: T): Generator<T, never> {
  for (;;) yield value
}

/** Pairs of what two iterables give, until one of them has no more. */
function* zip<A, B>(as: Iterable<A>, bs: Iterable<B>): Generator<[A, B]> {
  const rest = bs[Symbol.iterator]()
  for (const a of as) {
    const { done, value: b } = rest.next()
    if (done) return
    yield [a, b]
  }
}

/** How many letters have to be replaced, put in or left out to make one text of the other: Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Uint32Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    let left = i
    let diagonal = i - 1
    row = row.map((above, j) => {
      if (j === 0) return i
      left = Math.min(diagonal + Number(a[i - 1] !== b[j - 1]), above + 1, left + 1)
      diagonal = above
      return left
    })
  }
  return row.at(-1) ?? 0
}

const random = xoroshiro128plus(7)
const letter = () => 'ACGT'.charAt(uniformInt(random, 0, 3))
const reference = Array.from({ length }, letter).join('')
/** A hundred relatives of it: of the n-th, 100 - n letters in a hundred are drawn again. */
const relatives = Array.from({ length: 100 }, (_, n) =>
  reference.replace(/./g, (old) => (uniformInt(random, 1, 100) <= 100 - n ? letter() : old)),
)

async function main() {
  await using pool = new Pool(undefined, values.serial ? { backend: 'sequential' } : {})
  const distances = await compare(
    () => relatives.map((relative) => distance(relative, reference)),
    () => pool.starmap(distance, zip(relatives, repeat(reference))),
  )
  const nearest = Math.min(...distances)
  console.log(`relative ${distances.indexOf(nearest)} of ${distances.length} is the nearest: ${nearest} changes`)
}

void main()
