const Sequencer = require('@jest/test-sequencer').default

/** Specs that take longest, the longest one first. */
const longest = [
  // Also since it is the quicker the fewer scripts its process has loaded: it asks the engine's debugger all the time.
  'serialization/random-closures',
  'parallel/faults',
  'e2e/launchers',
  'serialization/packages',
  'parallel/leaks',
  'parallel/program-end',
  'serialization/functions/cases-test-runners',
  'parallel/shapes-at-random',
  'serialization/functions/cases-bundles',
]

/** Without what an earlier run has told Jest, as in a fresh clone, it would begin with the longest files. */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const at = longest.findIndex((name) => path.replaceAll('\\', '/').endsWith(`spec/${name}.spec.ts`))
      return at < 0 ? longest.length : at
    }
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b))
  }
}
