const { execFileSync } = require('node:child_process')
const { join } = require('node:path')

/** Workers and documentation examples run built JavaScript; type errors are the affair of `npm run check`. */
module.exports = () => {
  const build = join(__dirname, '../../scripts/build.mjs')
  execFileSync(process.execPath, [build, '--if-stale', '--lenient'], { stdio: 'inherit' })
}
