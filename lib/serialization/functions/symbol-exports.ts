import { type IsByValue, importOf, type ModuleReference } from './by-reference'
import { findExport, moduleOfFile } from './cjs-exports'
import { esmTables } from './esm-tables'
import { isLoadable, isLoadableFile } from './loadable'
import { variablesWith } from './module-symbols'

/** A symbol that a module exports, or imports, as a worker can import it: there it is the one that the module uses. */
export function symbolReference(symbol: symbol, isByValue: IsByValue): ModuleReference | undefined {
  const found = findExport(symbol)
  if (found && isLoadableFile(found.file)) {
    const module = moduleOfFile(found.file)
    if (!isByValue(module)) return { module, path: found.path }
  }
  const places = variablesWith(symbol)
  for (const { script, name } of places) {
    const [exported] = isLoadable(script) ? (esmTables(script).exports.get(name) ?? []) : []
    const module = { import: script.url, from: script.url }
    if (exported !== undefined && !isByValue(module)) return { module, path: [exported] }
  }
  for (const { script, name } of places) {
    const imported = importOf({ script }, name, isByValue)
    if (imported) return imported
  }
  return undefined
}
