// The address is the page's memory: every choice that changes what is shown stands in its query string, defaults left out.

/** @typedef {Record<string, string | number | null | undefined>} Changes */

export class State {
  /** @type {{ names: string[], seen: string, fn: () => void }[]} */
  #watches = []
  /** @type {Map<string, string>} */
  #defaults = new Map()

  constructor() {
    addEventListener("popstate", () => this.#tell())
  }

  /** @param {string} name @param {string} [standard] what it is where the address does not say; also left out by `set` */
  get(name, standard) {
    if (standard !== undefined) this.#defaults.set(name, standard)
    return new URLSearchParams(location.search).get(name) ?? this.#defaults.get(name) ?? ""
  }

  /** For filters: the page before stays the one before. @param {Changes} changes null or the default leaves a name out */
  set(changes) {
    history.replaceState(history.state, "", this.address(changes))
    this.#tell()
  }

  /** For what Back shall undo, such as an open dialog. @param {Changes} changes */
  push(changes) {
    const address = this.address(changes)
    if (address === this.address({})) return
    history.pushState({ pushed: true }, "", address)
    this.#tell()
  }

  /** Undoes a `push`: goes back where one was made, else takes the names out. @param {Changes} changes */
  undo(changes) {
    if (history.state?.pushed) history.back()
    else this.set(changes)
  }

  /** The address as it would be. @param {Changes} changes @param {string} [path] */
  address(changes, path = location.pathname) {
    const query = new URLSearchParams(location.search)
    for (const [name, value] of Object.entries(changes)) {
      if (value == null || String(value) === (this.#defaults.get(name) ?? "")) query.delete(name)
      else query.set(name, String(value))
    }
    const text = query.toString()
    return text ? `${path}?${text}` : path
  }

  /**
   * Calls at once, and whenever one of the names changes, also by Back.
   * @param {string[]} names @param {() => void} fn @returns {() => void} ends it
   */
  watch(names, fn) {
    const watch = { names, seen: this.#values(names), fn }
    this.#watches.push(watch)
    fn()
    return () => { this.#watches = this.#watches.filter((other) => other !== watch) }
  }

  /** @param {string[]} names */
  #values(names) {
    return JSON.stringify(names.map((name) => this.get(name)))
  }

  #tell() {
    for (const watch of [...this.#watches]) {
      const now = this.#values(watch.names)
      if (now === watch.seen) continue
      watch.seen = now
      watch.fn()
    }
  }
}

export const state = new State()
