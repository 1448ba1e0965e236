// usage: node scripts/closing-line.mjs RESULTS.json
//
// Prints the line that closes a test run, from what Jest wrote with PARFOR_TEST_RESULTS=RESULTS.json.
import { readFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

/** A spec file that does not even run has no failed test; it counts as one. */
export function closingLine(file) {
  const results = JSON.parse(readFileSync(file, 'utf8'))
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
  const skipped = results.numPendingTests + results.numTodoTests
  return `${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

if (argv[1] === fileURLToPath(import.meta.url)) console.log(closingLine(argv[2]))
