import { realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { workerData } from 'node:worker_threads'
import { startedWith } from '../../system/program'

let known: string | undefined

/**
 * The file this program was started with, symbolic links resolved; empty when there is none. In a worker of ours the
 * real program's, which the caller puts into `workerData.parfor.entry`.
 */
export function entryPath(): string {
  known ??= realPath(workerData?.parfor?.entry ?? startedFile())
  return known
}

/** In a thread that somebody else made, Node has put its file into `argv`. */
function startedFile(): string {
  if (startedWith === undefined) return ''
  return startedWith.startsWith('file:') ? fileURLToPath(startedWith) : resolve(startedWith)
}

function realPath(path: string): string {
  if (path === '') return ''
  try {
    return realpathSync(statSync(path).isFile() ? path : moduleIn(path))
  } catch {
    return withExtension(path)
  }
}

/** `node .` and `node folder` run what the folder's package.json says. */
function moduleIn(folder: string): string {
  return createRequire(folder + sep).resolve('./')
}

/** `node script` runs script.js. */
function withExtension(path: string): string {
  try {
    return realpathSync(createRequire(path).resolve(path))
  } catch {
    return path
  }
}
