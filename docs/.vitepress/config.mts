// The site that `npm run docs` builds of these pages. What is in the sidebar is what is in the folders.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformerTwoslash } from '@shikijs/vitepress-twoslash'
import type { NodeHover } from 'twoslash'
import ts from 'typescript'
import { type DefaultTheme, defineConfig, type MarkdownRenderer } from 'vitepress'

const docs = join(dirname(fileURLToPath(import.meta.url)), '..')
const root = join(docs, '..')

/** The pages of a folder, the named ones first, in this order; those that do not exist yet are left out. */
function pages(folder: string, first: readonly string[], match = /\.md$/): DefaultTheme.SidebarItem[] {
  const names = list(folder)
    .filter((name) => match.test(name) && name !== 'README.md')
    .map((name) => name.replace(/\.md$/, ''))
    .sort()
  const ordered = [...first.filter((name) => names.includes(name)), ...names.filter((name) => !first.includes(name))]
  return ordered.map((name) => ({ text: titleOf(join(folder, `${name}.md`)), link: `/${posix.join(folder, name)}` }))
}

function list(folder: string): string[] {
  try {
    return readdirSync(join(docs, folder))
  } catch {
    return [] // of the reference, before it is generated
  }
}

/** The first heading of a page, as plain text. */
function titleOf(file: string): string {
  const heading = /^# (.+)$/m.exec(readFileSync(join(docs, file), 'utf8'))?.[1] ?? file
  return heading
    .replace(/^(?:Class|Interface|Type Alias|Variable|Function): /, '')
    .replace(/\\?<.*$/, '')
    .replace(/[`\\]/g, '')
    .replace(/\(\)$/, '')
}

const kinds = [
  ['Functions', 'functions'],
  ['Classes', 'classes'],
  ['Options and interfaces', 'interfaces'],
  ['Types', 'type-aliases'],
] as const

/** What users write first: `Parallel`, a constant for the compiler, and the functions. */
function reference(): DefaultTheme.SidebarItem[] {
  return kinds
    .map(([text, kind]) => ({
      text,
      collapsed: kind !== 'functions',
      items: [
        ...(kind === 'functions' ? pages('reference/api/variables', ['Parallel']) : []),
        ...pages(`reference/api/${kind}`, kind === 'functions' ? ['delayed', 'kwargs', 'partial'] : []),
      ],
    }))
    .filter(({ items }) => items.length > 0)
}

const start = pages('', ['getting-started', 'coming-from-joblib', 'coming-from-multiprocessing'])
const guide = pages('guide', [
  'functions',
  'large-arrays',
  'shared-state',
  'streaming',
  'pool',
  'errors',
  'cancellation',
  'progress',
  'configuration',
  'batching',
  'performance',
  'reliability',
  'custom-backend',
])
const programs = pages('reference/programs', ['circular-law', 'factorials']).filter(({ text }) => text !== 'Programs')
const design = pages('design', ['floors', 'dispatch', 'workers'])

/**
 * Links that are right in the repository and not on the site: programs are pages here, and what is outside of `docs/`
 * is not here at all, so that only its name is left.
 */
function linksOfTheSite(md: MarkdownRenderer) {
  md.core.ruler.push('links-of-the-site', ({ tokens, env }) => {
    const folder = posix.dirname(env.relativePath as string)
    for (const { children } of tokens) {
      let isOutside = false
      for (const token of children ?? []) {
        if (token.type === 'link_open') {
          const href = token.attrGet('href') ?? ''
          if (/^(?:[a-z]+:|#|\/)/.test(href)) continue
          const target = posix.join(folder, href)
          const program = /^examples(?:\/(.+)\.ts)?$/.exec(target)
          if (program) token.attrSet('href', `/reference/programs/${program[1] ?? 'index'}.md`)
          isOutside = target.startsWith('../')
        }
        if (!isOutside || !token.type.startsWith('link_')) continue
        isOutside = token.type === 'link_open'
        Object.assign(token, { type: 'text', tag: '', nesting: 0, content: '', attrs: null })
      }
    }
  })
}

/** What a popup says of a name: its type, and the first paragraph of its comment; the rest is in the reference. */
function brief(hover: Pick<NodeHover, 'docs' | 'tags'>) {
  delete hover.tags
  if (hover.docs) hover.docs = hover.docs.replace(/\n\n[\s\S]*/, '')
}

export default defineConfig({
  title: 'parfor',
  titleTemplate: ':title · parfor',
  description:
    'joblib’s Parallel and delayed for Node.js: runs a loop on every core, for any function, closures included',
  lang: 'en',
  cleanUrls: false,
  srcExclude: ['examples/**'],
  rewrites: { 'README.md': 'index.md' },
  outDir: join(root, '.cache/docs/site'),
  cacheDir: join(root, '.cache/docs/vite'),
  /** The start page has its own list of what there is. */
  transformPageData(page) {
    if (page.relativePath === 'index.md')
      Object.assign(page.frontmatter, { sidebar: false, aside: false, pageClass: 'start' })
  },
  // esbuild 0.28 cannot write destructuring for older browsers.
  vite: { build: { target: 'es2022', chunkSizeWarningLimit: 2000 } },
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    theme: { light: 'github-light', dark: 'github-dark' },
    config: linksOfTheSite,
    codeTransformers: [
      transformerTwoslash({
        // Programs only: what imports something. Signatures in the reference are not, nor what is not type-checked.
        explicitTrigger: false,
        filter: (lang, code, { meta }) =>
          lang === 'ts' && /^import /m.test(code) && !/\bskip\b/.test(String(meta?.__raw ?? '')),
        twoslashOptions: {
          vfsRoot: root,
          shouldGetHoverInfo: (name) => name !== 'console' && name !== 'log',
          filterNode(node) {
            if (node.type === 'hover') brief(node)
            return true
          },
          // As `npm run check:examples` has them; a module by its form, since it is a file without a name here.
          compilerOptions: {
            target: ts.ScriptTarget.ES2022,
            lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
            module: ts.ModuleKind.ESNext,
            moduleResolution: ts.ModuleResolutionKind.Bundler,
            moduleDetection: ts.ModuleDetectionKind.Force,
            types: ['node'],
            strict: true,
            noUncheckedIndexedAccess: true,
            exactOptionalPropertyTypes: true,
            esModuleInterop: true,
            skipLibCheck: true,
            paths: { parfor: [join(root, 'lib/index.mts')] },
          },
        },
      }),
    ],
  },
  themeConfig: {
    outline: [2, 3],
    search: { provider: 'local' },
    nav: [
      { text: 'Getting started', link: '/getting-started' },
      { text: 'Guide', link: guide[0]?.link ?? '/', activeMatch: '^/guide/' },
      { text: 'Reference', link: '/reference/api/', activeMatch: '^/reference/(?!programs)' },
      { text: 'Programs', link: '/reference/programs/', activeMatch: '^/reference/programs/' },
    ],
    sidebar: {
      '/': [
        { text: 'Start', items: start },
        { text: 'Guide', items: guide },
        { text: 'Programs', link: '/reference/programs/', collapsed: true, items: programs },
        { text: 'Design', collapsed: true, items: design },
      ],
      '/reference/api/': [
        {
          text: 'Reference',
          items: [{ text: 'All names', link: '/reference/api/' }, ...pages('reference', ['errors'])],
        },
        ...reference(),
      ],
      '/reference/errors': [
        {
          text: 'Reference',
          items: [{ text: 'All names', link: '/reference/api/' }, ...pages('reference', ['errors'])],
        },
        ...reference(),
      ],
    },
    docFooter: { prev: 'Before', next: 'Next' },
  },
})
