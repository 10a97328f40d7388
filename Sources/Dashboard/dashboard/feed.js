// One thing the page reads again and again: at most one request at a time, calls in between fall together.

/** @template T */
export class Feed {
  #read
  #pause
  #show
  #fail
  #wanted = false
  #busy = false
  #turn = 0

  /**
   * @param {() => Promise<T>} read
   * @param {number} pause ms between two reads, however many changes come in
   * @param {(data: T) => void} show
   * @param {(error: import("./api.js").ApiError) => void} fail
   */
  constructor(read, pause, show, fail) {
    this.#read = read
    this.#pause = pause
    this.#show = show
    this.#fail = fail
  }

  /** Reads now, or once more after the read that is under way. */
  refresh() {
    this.#wanted = true
    if (!this.#busy) this.#run()
  }

  /** Reads at once and forgets what is on its way: another site's answer must not be shown as this one's. */
  restart() {
    this.#wanted = true
    this.#turn += 1
    this.#run()
  }

  async #run() {
    const turn = this.#turn
    this.#busy = true
    try {
      while (this.#wanted && turn === this.#turn) await this.#readOnce(turn)
    } finally {
      if (turn === this.#turn) this.#busy = false // else a later run has taken over
    }
  }

  async #readOnce(turn) {
    this.#wanted = false
    const tell = await this.#read().then((data) => () => this.#show(data), (error) => () => this.#fail(error))
    if (turn !== this.#turn) return
    tell()
    await new Promise((resume) => setTimeout(resume, this.#pause))
  }
}
