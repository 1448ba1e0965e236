// Type-checks every example in README.md, docs/**/*.md and the comments of lib/, also those that tests do not run.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { cache, compile, extract } = createRequire(import.meta.url)('../spec/support/examples.js')
const under = (folder, extension) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(extension))
    .map((file) => join(root, folder, file))

rmSync(cache, { recursive: true, force: true })
/** What `npm run docs` makes: signatures, and examples of lib/ once more. */
const isGenerated = (file) => /docs.reference.(?:api|programs)/.test(file)
const files = [join(root, 'README.md'), ...under('docs', '.md'), ...under('lib', '.ts')].filter(
  (file) => existsSync(file) && !isGenerated(file),
)
const blocks = files.flatMap((file) => extract(readFileSync(file, 'utf8'), file))
for (const block of blocks) compile(block)
const tsc = join(root, 'node_modules/typescript7/bin/tsc')
const { status } = spawnSync(process.execPath, [tsc, '-p', 'docs/tsconfig.examples.json'], {
  cwd: root,
  stdio: 'inherit',
})
console.log(`${blocks.length} examples: types ${status === 0 ? 'ok' : 'WRONG'}`)
process.exitCode = status ?? 1
