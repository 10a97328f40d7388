// One thing the page reads again and again: at most one request at a time, calls in between fall together.

/** @template T */
export class Feed extends EventTarget {
  #read
  #pause
  #wanted = false
  #turn = 0
  /** @type {Promise<void> | null} */
  #running = null

  /**
   * @param {() => Promise<T>} read
   * @param {number} pause ms between two reads, however many changes come in
   */
  constructor(read, pause) {
    super()
    this.#read = read
    this.#pause = pause
  }

  /** Reads now, or once more after the read that is under way. */
  refresh() {
    this.#wanted = true
    this.#running ??= this.#run().finally(() => { this.#running = null })
  }

  /** Forgets what is on its way, for another site's answer must not be shown as this one's. */
  restart() {
    this.#turn += 1
    this.refresh()
  }

  async #run() {
    while (this.#wanted) {
      this.#wanted = false
      const turn = this.#turn
      const outcome = await this.#read().then(
        (data) => new CustomEvent("data", { detail: data }),
        (error) => new CustomEvent("failure", { detail: error }),
      )
      if (turn === this.#turn) {
        this.dispatchEvent(outcome)
        await new Promise((resume) => setTimeout(resume, this.#pause))
      }
    }
  }
}
