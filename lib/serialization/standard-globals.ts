import { runInNewContext } from 'node:vm'

/** Whether a global of this name is there in every process of this Node version, so that it is never sent. */
export function isStandardGlobal(name: string): boolean {
  return languageGlobals().has(name) || nodeGlobals().has(name)
}

let language: ReadonlySet<string> | undefined

/** What V8 puts on every global object: asked of a new one, because a program can add to its own. */
export function languageGlobals(): ReadonlySet<string> {
  language ??= new Set(runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[])
  return language
}

let node: ReadonlySet<string> | undefined

/** What this version of Node adds to that. */
export function nodeGlobals(): ReadonlySet<string> {
  if (!node) {
    const major = Number.parseInt(process.versions.node, 10)
    node = new Set(addedIn.flatMap(([since, names]) => (since <= major ? names.split(' ') : [])))
  }
  return node
}

/**
 * By major version. Which ones a process has cannot be asked at run time: `globalThis.WebSocket` may be a polyfill,
 * and that has to be sent. Listed from Node 20.20, 22.23, 24.21 and 26.10.
 */
const addedIn: readonly (readonly [since: number, names: string])[] = [
  [
    20,
    'process global Buffer clearImmediate clearInterval clearTimeout setImmediate setInterval setTimeout queueMicrotask ' +
      'structuredClone atob btoa fetch URL URLSearchParams DOMException AbortController AbortSignal Event EventTarget ' +
      'CustomEvent TextEncoder TextDecoder BroadcastChannel MessageChannel MessagePort MessageEvent Blob File FormData ' +
      'Headers Request Response TransformStream TransformStreamDefaultController WritableStream ' +
      'WritableStreamDefaultController WritableStreamDefaultWriter ReadableStream ReadableStreamDefaultReader ' +
      'ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableByteStreamController ReadableStreamDefaultController ' +
      'ByteLengthQueuingStrategy CountQueuingStrategy TextEncoderStream TextDecoderStream CompressionStream ' +
      'DecompressionStream Performance PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver ' +
      'PerformanceObserverEntryList PerformanceResourceTiming performance crypto Crypto CryptoKey SubtleCrypto',
  ],
  [21, 'Navigator navigator'],
  [22, 'WebSocket'],
  [23, 'CloseEvent'],
  [24, 'URLPattern'],
  [25, 'ErrorEvent Storage localStorage sessionStorage'],
  [26, 'QuotaExceededError'],
]
