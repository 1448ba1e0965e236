import type { ExportNamedDeclaration, ImportDeclaration, ModuleDeclaration } from 'acorn'
import { addPatternNames } from './bindings'
import { parser } from './parser'
import type { Script } from './script'

/** `import { imported as local } from 'source'`, seen from the local name. */
export interface ImportBinding {
  readonly source: string
  /** The exported name; `'*'` for the namespace, `'default'` for the default export. */
  readonly imported: string
  /** `with { type: 'json' }` */
  readonly attributes: Readonly<Record<string, string>>
}

/** The import and export tables of an ES module. */
export interface EsmTables {
  /** By local name. */
  readonly imports: ReadonlyMap<string, ImportBinding>
  /** Local name → exported names. An anonymous `export default` has the local name `*default*`. */
  readonly exports: ReadonlyMap<string, readonly string[]>
}

const tables = new WeakMap<Script, EsmTables>()

/** The tables of an ES module; empty ones when the script is none, or does not parse. */
export function esmTables(script: Script): EsmTables {
  let known = tables.get(script)
  if (!known) {
    known = new Tables(moduleDeclarations(script))
    tables.set(script, known)
  }
  return known
}

function moduleDeclarations({ isModule, source }: Script): readonly { readonly type: string }[] {
  if (!isModule) return []
  try {
    return parser().parse(source, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true }).body
  } catch {
    return []
  }
}

class Tables implements EsmTables {
  readonly imports = new Map<string, ImportBinding>()
  readonly exports = new Map<string, string[]>()

  constructor(statements: readonly { readonly type: string }[]) {
    for (const statement of statements as readonly ModuleDeclaration[]) {
      if (statement.type === 'ImportDeclaration') this.#addImport(statement)
      else if (statement.type === 'ExportNamedDeclaration') this.#addNamed(statement)
      else if (statement.type === 'ExportDefaultDeclaration') this.#add(defaultName(statement.declaration), 'default')
    }
  }

  #addImport({ specifiers, source, attributes }: ImportDeclaration): void {
    const from = {
      source: String(source.value),
      attributes: Object.fromEntries(attributes.map(({ key, value }) => [nameOf(key), String(value.value)])),
    }
    for (const specifier of specifiers) {
      const imported =
        specifier.type === 'ImportNamespaceSpecifier'
          ? '*'
          : specifier.type === 'ImportDefaultSpecifier'
            ? 'default'
            : nameOf(specifier.imported)
      this.imports.set(specifier.local.name, { ...from, imported })
    }
  }

  #addNamed({ declaration, specifiers, source }: ExportNamedDeclaration): void {
    if (source) return // what another module declares
    for (const { local, exported } of specifiers) this.#add(nameOf(local), nameOf(exported))
    if (!declaration) return
    const names = new Set<string>()
    if (declaration.type !== 'VariableDeclaration') names.add(declaration.id.name)
    else for (const { id } of declaration.declarations) addPatternNames(id, names)
    for (const name of names) this.#add(name, name)
  }

  #add(local: string, exported: string): void {
    const names = this.exports.get(local)
    if (names) names.push(exported)
    else this.exports.set(local, [exported])
  }
}

function defaultName(declaration: { type: string; id?: { name: string } | null; name?: string }): string {
  if (declaration.type === 'Identifier') return declaration.name ?? '*default*'
  return /Declaration$/.test(declaration.type) ? (declaration.id?.name ?? '*default*') : '*default*'
}

function nameOf(node: { name: string } | { value?: unknown }): string {
  return 'name' in node ? node.name : String(node.value)
}
