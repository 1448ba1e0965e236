import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { constants, Script } from 'node:vm'
import type { Import } from '../wire'

type ImportFunction = (specifier: string, options?: object) => Promise<unknown>

const importFunctions = new Map<string, ImportFunction>()

/**
 * `import()` that resolves as if it stood in the file `base`: package exports, `#imports` and conditions are the
 * same as there.
 */
export function importFrom(base: string): ImportFunction {
  let own = importFunctions.get(base)
  if (!own) {
    const raw = quietly(
      () =>
        new Script('(specifier, options) => options === undefined ? import(specifier) : import(specifier, options)', {
          filename: base,
          importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
        }).runInThisContext() as ImportFunction,
    )
    own = (specifier, options) => quietly(() => raw(specifier, options))
    importFunctions.set(base, own)
  }
  return own
}

/** The same where Vite has resolved the specifier: to `/@fs/` and a path, or to a path below the project's folder. */
export function importFromVite(base: string): ImportFunction {
  const own = importFrom(base)
  return (specifier, options) => own(specifierBeforeVite(specifier), options)
}

function specifierBeforeVite(specifier: string): string {
  if (specifier.startsWith('/@fs/')) return pathToFileURL(specifier.slice('/@fs'.length)).href
  if (!specifier.startsWith('/') || existsSync(specifier)) return specifier
  return pathToFileURL(join(process.cwd(), specifier)).href
}

/** Node warns that this way to import is experimental; it is the same on every Node that we support. */
function quietly<T>(action: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return action()
  } finally {
    process.emitWarning = emitWarning
  }
}

const metas = new Map<string, object>()

/** `import.meta` as in the file at `url`. */
export function importMetaOf(url: string): object {
  let meta = metas.get(url)
  if (!meta) {
    const file = url.startsWith('file:') ? fileURLToPath(url.split('?')[0] as string) : undefined
    const base = file ?? `${process.cwd()}/`
    meta = {
      __proto__: null,
      url,
      ...(file !== undefined && { filename: file, dirname: dirname(file) }),
      resolve: (specifier: string) =>
        /^\.{0,2}\//.test(specifier)
          ? new URL(specifier, url).href
          : /^(node|file|data):/.test(specifier)
            ? specifier
            : pathToFileURL(createRequire(base).resolve(specifier)).href,
    }
    metas.set(url, meta)
  }
  return meta
}

/** A module, or an export of it, that cannot be had here. */
export class UnloadableError extends Error {
  readonly module: Import
  constructor(module: Import, why: unknown) {
    super(why instanceof Error ? why.message : String(why))
    this.module = module
  }
}

const loaded = new Map<string, unknown>()

/** The modules, in order; a promise only when one is imported for the first time. */
export function load(imports: readonly Import[]): unknown[] | Promise<unknown[]> {
  const fresh = imports.filter((module) => 'import' in module && !loaded.has(keyOf(module)))
  if (fresh.length === 0) return imports.map(loadOne)
  // Those first: Node does not `require` a module while it imports it, for itself or for another one.
  return Promise.all(fresh.map(loadOne)).then(() => imports.map(loadOne))
}

const keyOf = (module: Import): string => JSON.stringify(module)

function loadOne(module: Import): unknown {
  const key = keyOf(module)
  if (loaded.has(key)) return loaded.get(key)
  if ('require' in module) {
    try {
      const exports: unknown = createRequire(module.require)(module.require)
      loaded.set(key, exports)
      return exports
    } catch (why) {
      throw new UnloadableError(module, why)
    }
  }
  return importFrom(module.from)(module.import).then(
    (namespace) => {
      loaded.set(key, namespace)
      return namespace
    },
    (why) => {
      throw new UnloadableError(module, why)
    },
  )
}

/** What `path` leads to from a module. */
export function exportOf(module: Import, exports: unknown, path: readonly string[]): unknown {
  let value = exports
  for (const name of path) {
    if (value === null || value === undefined || !(name in Object(value)))
      throw new UnloadableError(module, `it has no export ${path.join('.')}`)
    value = (value as Record<string, unknown>)[name]
  }
  // Nobody refers to that: here the module has left it out.
  if (value === undefined) throw new UnloadableError(module, `its export ${path.join('.')} is undefined`)
  return value
}
