// Jest transform: a .md file becomes a test file, with one test for each example in it.
const { createHash } = require('node:crypto')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { extract } = require('./examples.js')

const examples = JSON.stringify(join(__dirname, 'examples.js'))
const ourselves = ['markdownTransform.js', 'examples.js'].map((file) => readFileSync(join(__dirname, file)))

module.exports = {
  getCacheKey(text, file) {
    const hash = createHash('sha256')
    for (const part of [...ourselves, text, file]) hash.update(part).update('\0')
    return hash.digest('hex')
  },
  process(text, file) {
    const tests = extract(text, file).map(
      (block) => `test.concurrent(${JSON.stringify(block.name)}, () => run(${JSON.stringify(block)}), 90_000)`,
    )
    // Jest takes a test file without tests for a mistake; a page of prose is none.
    if (tests.length === 0) tests.push(`test('has no examples', () => {})`)
    return { code: `const { run } = require(${examples})\n${tests.join('\n')}\n` }
  },
}
