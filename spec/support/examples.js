// Documentation examples as tests: README.md, docs/**/*.md and the @example blocks of lib/.
//
//   ```ts             runs as a program of its own: real ESM, against dist/, in a node of its own
//   ```ts no-run      is type-checked only
//   ```ts skip        is left alone
//   expr //=> 42      is asserted; `// → 42` is the same. The text is a JavaScript value (deep strict equality) or,
//                     where that does not fit, what console.log prints, with … or ... for anything.
//                     Lines that go on with `//   ` (three spaces) continue it.
//   expr //=> throws RangeError: boom
//   ```text output    right after an example: all that it prints, with … or ... for anything
//
// An assertion that the program never reaches fails too.
const { execFile } = require('node:child_process')
const { mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { basename, join, relative } = require('node:path')
const { pathToFileURL } = require('node:url')
const ts = require('typescript')
const like = require('./like.cjs')

const root = join(__dirname, '../..')
const cache = join(root, '.cache/examples')
const mark = /^[ \t]*;?[ \t]*\/\/ ?(?:→|=>) ?(.*)/
const declared = /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|interface|type) (\w+)/

/** The fenced blocks of a Markdown text, or of the comments of a TypeScript text. */
function extract(text, file) {
  const isTs = /\.[cm]?ts$/.test(file)
  const blocks = []
  let heading
  let open
  for (const [i, raw] of text.split('\n').entries()) {
    const line = isTs ? raw.replace(/^\s*\*( |$)/, '') : raw
    const fence = /^(\s*)(`{3,}|~{3,})\s*(\S*)\s*(.*?)\s*$/.exec(line)
    if (open) {
      if (fence?.[2].startsWith(open.fence) && !fence[3]) {
        const last = blocks.at(-1)
        if (/^(ts|js|typescript|javascript)$/.test(open.lang)) blocks.push(open)
        else if (/\boutput\b/.test(open.flags) && last) last.output = open.lines.join('\n')
        open = undefined
      } else open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trimStart())
    } else if (fence && (!isTs || /^\s*\*/.test(raw))) {
      const [, indent, ticks, lang, flags] = fence
      open = { file, line: i + 2, heading, indent, fence: ticks, lang, flags, lines: [] }
    } else {
      const title = isTs ? declared.exec(raw) : /^#+ (.*)/.exec(raw)
      // A heading stands above its examples, a declaration below them.
      if (title && isTs) for (const block of blocks) block.heading ??= title[1]
      else if (title) heading = title[1]
    }
  }
  return blocks
    .filter((block) => !/\bskip\b/.test(block.flags))
    .map((block) => ({
      ...block,
      run: !/\bno-run\b/.test(block.flags),
      name: `${block.heading ?? basename(file)} (${relative(root, file)}:${block.line})`,
    }))
}

/** The program with its assertions in place: line N of it is line N of the document, so stack traces are right. */
function instrument({ lines, line, file }) {
  const code = `${'\n'.repeat(line - 1)}${lines.join('\n')}\n`
  const source = ts.createSourceFile('x.mts', code, ts.ScriptTarget.ESNext, true)
  const edits = []
  const places = []

  const visit = (node) => {
    if (ts.isExpressionStatement(node) || ts.isVariableStatement(node)) {
      const want = wanted(code.slice(node.end))
      if (want !== undefined) edits.push(assertion(node, want))
    }
    ts.forEachChild(node, visit)
  }

  const assertion = (node, want) => {
    const at = `${relative(root, file)}:${source.getLineAndCharacterOfPosition(node.end).line + 1}`
    places.push(at)
    const rest = `${JSON.stringify(want)}, ${JSON.stringify(at)}`
    if (ts.isVariableStatement(node)) {
      const { name } = node.declarationList.declarations.at(-1)
      return { from: node.end, to: node.end, text: `; __check((${name.getText(source)}), ${rest});` }
    }
    const { expression } = node
    const [from, to] = [expression.getStart(source), expression.end]
    const text = code.slice(from, to)
    if (/^throws\b/.test(want)) return { from, to, text: `await __throws(async () => (${text}), ${rest})` }
    if (!isLog(expression)) return { from, to, text: `__check((${text}), ${rest})` }
    const args = code.slice(expression.arguments[0].getStart(source), expression.arguments.at(-1).end)
    return { from, to, text: `console.log(...__printed([${args}], ${rest}))` }
  }

  const isLog = (node) =>
    ts.isCallExpression(node) && node.expression.getText(source) === 'console.log' && node.arguments.length > 0

  visit(source)
  const program = edits
    .sort((a, b) => b.from - a.from)
    .reduce((text, edit) => text.slice(0, edit.from) + edit.text + text.slice(edit.to), code)
  return { program, places }
}

/** The expectation in the comment right behind a statement, with the lines that continue it. */
function wanted(behind) {
  const [first, ...rest] = behind.split('\n')
  const found = mark.exec(first)
  if (!found) return undefined
  const lines = [found[1]]
  for (const line of rest) {
    const more = /^\s*\/\/ {3,}(.*)/.exec(line)
    if (!more) break
    lines.push(more[1])
  }
  return lines.join(' ').trim()
}

/** Writes an example as TypeScript, for the type check, and as the JavaScript that runs. */
function compile(block) {
  mkdirSync(cache, { recursive: true })
  const stem = join(cache, `${relative(root, block.file).replace(/\W+/g, '_')}_L${block.line}`)
  writeFileSync(`${stem}.mts`, `${'\n'.repeat(block.line - 1)}${block.lines.join('\n')}\nexport {};\n`)
  const { program, places } = instrument(block)
  const { outputText, sourceMapText } = ts.transpileModule(program, {
    fileName: `${stem}.mts`,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      sourceMap: true,
      moduleDetection: ts.ModuleDetectionKind.Force,
    },
  })
  const map = JSON.parse(sourceMapText)
  map.sources = [pathToFileURL(block.file).href]
  map.mappings = `;${map.mappings}` // for the line put on top
  const check = JSON.stringify(pathToFileURL(join(__dirname, 'check.mjs')).href)
  const javascript = outputText.replace(/\n\/\/# sourceMappingURL=.*/, '')
  writeFileSync(
    `${stem}.mjs`,
    `import { __check, __plan, __printed, __throws } from ${check}; __plan(${JSON.stringify(places)});\n${javascript}\n` +
      `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}\n`,
  )
  return `${stem}.mjs`
}

/** Runs an example; rejects when it fails, when an assertion does, or when it prints something else. */
async function run(block) {
  const program = compile(block)
  if (!block.run) return
  const cwd = mkdtempSync(join(tmpdir(), 'example-'))
  try {
    const { code, out, err } = await new Promise((resolve) => {
      execFile(
        process.execPath,
        ['--enable-source-maps', '--no-warnings', program],
        { cwd, timeout: 60_000, killSignal: 'SIGKILL', env: { ...process.env, FORCE_COLOR: '0' } },
        (error, out, err) => resolve({ code: error ? (error.code ?? error.signal) : 0, out, err }),
      )
    })
    if (code !== 0) throw failure(`${block.name}: example failed (${code})\n${err}${out}`)
    if (block.output !== undefined && !like(out, block.output))
      throw failure(`${block.name} printed\n${out}\nnot\n${block.output}`)
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
}

/** The stack would tell of this file; the message tells of the document. */
function failure(message) {
  return Object.assign(new Error(message), { stack: message })
}

module.exports = { cache, compile, extract, instrument, run }
