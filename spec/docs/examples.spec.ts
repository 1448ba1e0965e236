import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

// The @example blocks of the library's own comments; README.md and docs/**/*.md are test files themselves.
const { extract, run } = require('../support/examples.js') as {
  extract(text: string, file: string): { name: string }[]
  run(block: object): Promise<void>
}

const lib = join(__dirname, '../../lib')
const blocks = readdirSync(lib, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join(lib, file))
  .flatMap((file) => extract(readFileSync(file, 'utf8'), file))

test.concurrent.each(blocks.map((block) => [block.name, block] as const))('%s', (_, block) => run(block), 90_000)
