// A server, a browser's tabs and its clock, as far as /client.js meets them.
import assert from "node:assert/strict"

/** @type {Request[]} */
let requests = []
/** @type {(request: Request) => Response | Promise<Response>} */
let server

// A page has an address that paths are under.
globalThis.fetch = (/** @type {RequestInfo | URL} */ path, /** @type {RequestInit | undefined} */ options) => {
  const request = new Request(new URL(String(path), "http://vibe.test"), options)
  requests.push(request.clone())
  // An abandoned request ends at once, whatever the server does.
  const ended = new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)))
  return Promise.race([Promise.resolve().then(() => server(request)), ended]).then((response) => /** @type {Response} */ (response))
}

/** From now on the server answers so; what was asked before is forgotten. @param {(request: Request) => Response | Promise<Response>} answer */
export function answering(answer) {
  requests = []
  server = answer
}

/** The requests since `answering`. */
export const asked = () => [...requests]

/** A promise and its ends. */
export function held() {
  const { promise, resolve, reject } = /** @type {PromiseWithResolvers<any>} */ (Promise.withResolvers())
  return { promise, resolve, reject }
}

/** Waits until something holds. @param {() => unknown} condition @param {string} [what] */
export async function until(condition, what = String(condition)) {
  for (let turn = 0; turn < 1000; turn++) {
    if (condition()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.fail(`never: ${what}`)
}

/** Long enough for whatever is due at once. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 30))

/** A stream of events whose server is the test. */
export class FakeStream extends EventTarget {
  /** @type {FakeStream[]} those that are open */
  static all = []
  readyState = 0

  /** @param {string} address */
  constructor(address) {
    super()
    this.address = address
    FakeStream.all.push(this)
  }

  close() {
    this.readyState = 2
    FakeStream.all = FakeStream.all.filter((stream) => stream !== this)
  }

  ready() {
    this.readyState = 1
    this.dispatchEvent(new Event("ready"))
  }

  /** @param {string} table @param {number} siteId */
  change(table, siteId) {
    this.dispatchEvent(new MessageEvent("change", { data: JSON.stringify({ table, site_id: siteId, type: "INSERT", record: {} }) }))
  }

  /** @param {boolean} forGood whether the browser gives up */
  fail(forGood) {
    this.readyState = forGood ? 2 : 0
    this.dispatchEvent(new Event("error"))
  }
}

/** A browser whose tabs share a lock and a channel. */
export class FakeBrowser {
  isOnline = true
  hasLocks = true
  isHidden = false
  isLoading = false
  /** @type {Set<BroadcastChannel>} */
  #channels = new Set()
  /** @type {{ run: () => void }[]} who waits; the first one holds it */
  #queue = []

  #locks = {
    request: (/** @type {string} */ _name, /** @type {{ signal: AbortSignal }} */ { signal }, /** @type {() => Promise<void> | void} */ work) =>
      new Promise((resolve, reject) => {
        const turn = {
          run: () => Promise.resolve(work()).then(() => {
            this.#queue.shift()
            this.#queue[0]?.run()
            resolve(undefined)
          }),
        }
        signal.addEventListener("abort", () => {
          if (this.#queue.indexOf(turn) < 1) return // it has it, or had it
          this.#queue = this.#queue.filter((other) => other !== turn)
          reject(signal.reason)
        })
        this.#queue.push(turn)
        if (this.#queue.length === 1) queueMicrotask(turn.run)
      }),
  }

  /** What a tab sees of it. */
  tab() {
    const channels = this.#channels
    class FakeChannel extends EventTarget {
      constructor() {
        super()
        channels.add(/** @type {any} */ (this))
      }
      /** @param {unknown} data */
      postMessage(data) {
        const copy = structuredClone(data)
        for (const other of channels) {
          if (other !== /** @type {any} */ (this)) queueMicrotask(() => channels.has(other) && other.dispatchEvent(new MessageEvent("message", { data: copy })))
        }
      }
      close() {
        channels.delete(/** @type {any} */ (this))
      }
    }
    return /** @type {any} */ ({
      locks: () => this.hasLocks ? this.#locks : undefined,
      channel: () => new FakeChannel(),
      stream: (/** @type {string} */ address) => new FakeStream(address),
      isOnline: () => this.isOnline,
      isHidden: () => this.isHidden,
      isLoading: () => this.isLoading,
    })
  }
}
