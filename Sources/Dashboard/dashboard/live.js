// Tells the page when to read again: by the change stream while there is one, by the clock in any case
// (nobody writes a row when a visitor falls silent).
import { changeStream } from "./api.js"

const POLL = 10_000 // ms
const FIRST_RETRY = 1_000, LAST_RETRY = 30_000 // ms

export class Live {
  /** @type {EventSource | null} */
  #stream = null
  #retries = 0
  #timer = 0
  #stale
  #state

  /**
   * @param {(siteId: number | null) => void} stale something of this site has changed; null: anything may have
   * @param {(state: "live" | "polling") => void} state how the page learns of changes from now on
   */
  constructor(stale, state) {
    this.#stale = stale
    this.#state = state
  }

  start() {
    this.#connect()
    setInterval(() => { if (!document.hidden) this.#stale(null) }, POLL)
    // Browsers allow six connections to a host: a tab nobody looks at gives its own back.
    document.addEventListener("visibilitychange", () => document.hidden ? this.#disconnect() : this.#connect())
    addEventListener("pagehide", () => this.#disconnect())
    addEventListener("pageshow", (event) => { if (event.persisted) this.#connect() })
  }

  #connect() {
    this.#disconnect()
    const stream = this.#stream = changeStream()
    // A snapshot read after "ready" cannot miss a change: the stream runs already.
    stream.addEventListener("ready", () => {
      this.#retries = 0
      this.#state("live")
      this.#stale(null)
    })
    stream.addEventListener("resync", () => this.#stale(null))
    stream.addEventListener("change", (event) => this.#stale(JSON.parse(event.data).site_id))
    stream.addEventListener("error", () => {
      this.#state("polling")
      // The browser tries again after a lost connection, but gives up for good after a refusal.
      if (stream.readyState === EventSource.CLOSED) this.#retry()
    })
  }

  #retry() {
    const wait = Math.min(FIRST_RETRY * 2 ** this.#retries++, LAST_RETRY) * (0.5 + Math.random())
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#connect(), wait)
    this.#stale(null) // shows an expired session at once: that read leads to the login page
  }

  #disconnect() {
    clearTimeout(this.#timer)
    this.#stream?.close()
    this.#stream = null
  }
}
