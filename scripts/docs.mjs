// Builds the site of the documentation, offline, to .cache/docs/site: the reference from the doc comments of lib/ and a
// page for each program of docs/examples, then all pages; and looks whether every link of the site leads somewhere.
// With --watch it serves the site instead, and shows what is written while it is written.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, createServer } from 'vitepress'

const root = fileURLToPath(new URL('..', import.meta.url))
const docs = join(root, 'docs')
const site = join(root, '.cache/docs/site')
const { resolve } = createRequire(import.meta.url)

generateReference()
generatePrograms()
if (process.argv.includes('--watch')) {
  const server = await createServer(docs)
  await server.listen()
  server.printUrls()
} else {
  rmSync(site, { recursive: true, force: true })
  await build(docs)
  const dead = deadLinks()
  for (const link of dead) console.error(link)
  console.log(`${htmlFiles().length} pages in .cache/docs/site, ${dead.length} dead links`)
  process.exitCode = dead.length === 0 ? 0 : 1
}

function generateReference() {
  rmSync(join(docs, 'reference/api'), { recursive: true, force: true })
  const typedoc = join(dirname(resolve('typedoc/package.json')), 'bin/typedoc')
  const { status } = spawnSync(process.execPath, [typedoc, '--options', join(docs, 'typedoc.json')], {
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}

/** A page for each file of docs/examples: its opening comment as text, then the program. */
function generatePrograms() {
  const folder = join(docs, 'reference/programs')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const programs = readdirSync(join(docs, 'examples'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const source = readFileSync(join(docs, 'examples', file), 'utf8')
      const opening = /^\/\*\*\n([\s\S]*?)\n \*\/\n/.exec(source)
      const about = (opening?.[1] ?? '').replace(/^ \* ?/gm, '')
      return { name: basename(file, '.ts'), about, source: source.slice(opening?.[0].length ?? 0) }
    })
  for (const { name, about, source } of programs) {
    // A line that is indented is a command line.
    const text = about.replace(/^ {2}(.+)$/gm, '```sh\n$1\n```')
    writeFileSync(join(folder, `${name}.md`), `# ${name}.ts\n\n${text}\n\n\`\`\`ts skip\n${source}\`\`\`\n`)
  }
  const lines = programs
    .filter(({ about }) => about !== '')
    .map(({ name, about }) => `- [${name}.ts](${name}.md): ${firstSentence(about)}`)
  const intro =
    'Programs to run, each one timed serially and in parallel. They are in `docs/examples` of the repository.'
  writeFileSync(join(folder, 'index.md'), `# Programs\n\n${intro}\n\n${lines.join('\n')}\n`)
}

function firstSentence(text) {
  return (/^[\s\S]*?[.?!](?=\s|$)/.exec(text)?.[0] ?? text).replace(/\s+/g, ' ')
}

/** The links and pictures of the built pages that lead to no page, no file, or to no heading of their page. */
function deadLinks() {
  const pages = new Map(htmlFiles().map((file) => [file, readFileSync(join(site, file), 'utf8')]))
  const files = new Set(
    readdirSync(site, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/')),
  )
  const anchors = new Map(
    [...pages].map(([file, html]) => [
      file,
      new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => decoded(id))),
    ]),
  )
  const dead = new Set()
  for (const [file, html] of pages) {
    for (const [, to] of html.matchAll(/<(?:a|img|link|script)\s[^>]*?(?:href|src)="([^"]*)"/g)) {
      if (/^(?:[a-z]+:|\/\/)/i.test(to)) continue
      const [path, anchor] = to.split('#')
      const target = path === '' ? file : pageOf(decodeURI(path), file)
      if (!files.has(target)) dead.add(`${file}: no page ${to}`)
      else if (anchor && !anchors.get(target)?.has(decodeURIComponent(decoded(anchor))))
        dead.add(`${file}: no heading ${to}`)
    }
  }
  return [...dead]
}

/** The file behind a path: from the root of the site, or beside the page that it is on. */
function pageOf(path, from) {
  const whole = path.startsWith('/') ? path.slice(1) : posix.join(posix.dirname(from), path)
  if (whole === '' || whole.endsWith('/')) return `${whole}index.html`
  return posix.extname(whole) === '' ? `${whole}.html` : whole
}

function htmlFiles() {
  return readdirSync(site, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.html') && file !== '404.html')
    .map((file) => file.replaceAll('\\', '/'))
}

function decoded(html) {
  return html
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
