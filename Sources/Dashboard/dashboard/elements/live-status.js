/** `<live-status>` says how fresh the page is: "live" over the stream, else by the clock. */
export class LiveStatus extends HTMLElement {
  static #words = { live: "Live", polling: "Every 10 seconds", connecting: "Connecting…" }

  connectedCallback() {
    this.setAttribute("role", "status")
    this.state = "connecting"
  }

  /** @param {"live" | "polling" | "connecting"} state */
  set state(state) {
    if (this.dataset.state === state) return // a live region repeats what is written again
    this.dataset.state = state
    this.textContent = LiveStatus.#words[state]
  }
}
customElements.define("live-status", LiveStatus)
