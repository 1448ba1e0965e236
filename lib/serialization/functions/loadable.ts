import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { entryPath } from './entry'
import { hasLoader } from './loader-options'
import { isInPackage } from './packages'
import { MAPPED_PREFIX, type Script, scriptByUrl } from './script'

const answers = new WeakMap<Script, boolean>()

/**
 * Whether a worker that loads this script's file gets the same code without harm: not the entry, not what a loader or
 * test runner made for this process only. Optimistic: a worker may still fail to load it.
 */
export function isLoadable(script: Script): boolean {
  let answer = answers.get(script)
  if (answer === undefined) {
    answer = decide(script)
    answers.set(script, answer)
  }
  return answer
}

/** The same for a file. One whose script is not known is judged by its name. */
export function isLoadableFile(file: string): boolean {
  if (file === entryPath()) return false
  if (isInPackage(file)) return true
  const script = scriptByUrl(pathToFileURL(file).href)
  return script ? isLoadable(script) : /\.(?:[cm]?js|json|node)$/.test(file)
}

function decide(script: Script): boolean {
  const { path } = script
  if (path === undefined || script.url.startsWith(MAPPED_PREFIX) || path === entryPath()) return false
  if (isInPackage(path)) return true
  // A test runner has its own registry of modules, and may have put mocks into it.
  if (!script.inMainContext) return false
  // Workers get this process's options: what loads TypeScript here does so there.
  if (hasLoader()) return true
  if (isTransformed(script, path)) return false
  if (/\.[cm]?ts$/.test(path)) return Boolean((process.features as { typescript?: unknown }).typescript)
  return /\.[cm]?js$/.test(path)
}

/** A source map inside the script that is not in its file was put there by a loader at run time. */
function isTransformed({ sourceMapURL }: Script, path: string): boolean {
  if (!sourceMapURL.startsWith('data:')) return false
  try {
    return !readFileSync(path, 'utf8').includes(sourceMapURL.slice(0, 200))
  } catch {
    return true
  }
}
