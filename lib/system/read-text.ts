import { readFileSync } from 'node:fs'

/** Reads a file whole; `undefined` when it cannot be read. */
export type ReadText = (path: string) => string | undefined

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
