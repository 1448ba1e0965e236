/** The file that a library's workers load, as its users have to write one. */
import { rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

let count = 0

export function workerFile(source: string): string {
  const file = join(__dirname, `worker-${process.pid}-${count++}.cjs`)
  writeFileSync(file, source)
  process.once('exit', () => rmSync(file))
  return file
}

/** As it is named from a file beside it. */
export function beside(file: string): string {
  return `./${basename(file)}`
}
